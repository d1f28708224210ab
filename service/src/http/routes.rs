//! The one list of routes, for the server and for the document. Each has its row in
//! `auth::table`; a test compares the two.
use super::{codes, document, health, home, problem};
use crate::{
    audit, auth::sign_in, catalog, filters, imports, modules, publishing, releases, reviews, robots, teams,
    tokens,
};
use actix_web::{HttpResponse, http::StatusCode};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(home::get_home)
        .service(codes::get_problem)
        .service(health::get_live)
        .service(health::get_ready)
        .service(health::get_metrics)
        .service(document::get_openapi)
        .service(sign_in::show_sign_in)
        .service(sign_in::sign_in)
        .service(sign_in::sign_out)
        .service(modules::http::get_module)
        .service(catalog::http::list_catalog)
        .service(catalog::http::get_catalog_entry)
        .service(filters::http::list_filters)
        .service(filters::http::get_filter)
        .service(filters::http::put_filter)
        .service(filters::http::delete_filter)
        .service(filters::http::clone_filter)
        .service(filters::http::list_grants)
        .service(filters::http::put_grant)
        .service(filters::http::delete_grant)
        .service(releases::http::list_releases)
        .service(releases::http::upload_release_form)
        .service(releases::http::get_release)
        .service(releases::http::upload_release)
        .service(releases::http::change_release)
        .service(releases::http::delete_release)
        .service(releases::http::get_report)
        .service(releases::http::download_module)
        .service(releases::http::yank_release)
        .service(releases::http::unyank_release)
        .service(releases::http::quarantine_release)
        .service(imports::http::import_release)
        .service(reviews::http::list_reviews)
        .service(reviews::http::submit_review)
        .service(reviews::http::get_review)
        .service(reviews::http::vote_review)
        .service(reviews::http::comment_review)
        .service(reviews::http::assign_review)
        .service(reviews::http::withdraw_review)
        .service(reviews::http::release_review)
        .service(teams::http::list_teams)
        .service(teams::http::create_team)
        .service(teams::http::get_team)
        .service(teams::http::put_member)
        .service(teams::http::delete_member)
        .service(tokens::http::get_me)
        .service(tokens::http::list_tokens)
        .service(tokens::http::create_token)
        .service(tokens::http::revoke_token)
        .service(audit::http::list_audit);
    machines(config);
}

/// Access for those that are nobody's person.
fn machines(config: &mut ServiceConfig<'_>) {
    config
        .service(robots::http::list_robots)
        .service(robots::http::create_robot)
        .service(robots::http::delete_robot)
        .service(robots::http::list_robot_tokens)
        .service(robots::http::create_robot_token)
        .service(robots::http::revoke_robot_token)
        .service(publishing::http::list_publishers)
        .service(publishing::http::create_publisher)
        .service(publishing::http::delete_publisher)
        .service(publishing::http::exchange_token);
}

pub async fn unmatched() -> HttpResponse {
    let detail = "there is nothing here, or nothing that you may see";
    problem::respond(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
}
