//! The one list of routes, for the server and for the document. Each has its row in
//! `auth::table`; a test compares the two.
use super::{codes, document, health, problem};
use crate::{
    audit, capability_urls, catalog, configuration, console, counts, deployments, filters, imports, meshery,
    modules, notify, oauth, publishing, registry, releases, reviews, robots, sign_in, targets, teams, tokens,
    users, webhooks,
};
use actix_web::{HttpResponse, http::StatusCode};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn configure(config: &mut ServiceConfig<'_>) {
    hot(config);
    people(config);
    meshery::configure_login(config);
    // Before the pages: a feed has an address where they have names.
    news(config);
    console::configure(config);
    reviewing(config);
    deploying(config);
    config
        .service(codes::get_problem)
        .service(document::get_openapi)
        .service(catalog::capabilities::list_capabilities)
        .service(catalog::http::list_catalog)
        .service(catalog::http::count_catalog)
        .service(catalog::http::get_catalog_entry)
        .service(filters::http::list_filters)
        .service(filters::http::get_filter)
        .service(filters::http::put_filter)
        .service(filters::http::delete_filter)
        .service(filters::http::clone_filter)
        .service(counts::http::get_filter_counts)
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
        .service(releases::diff::http::diff_releases)
        .service(meshery::component::get_meshery_design)
        .service(releases::http::make_solo_form)
        .service(releases::http::yank_release)
        .service(releases::http::unyank_release)
        .service(releases::http::quarantine_release)
        .service(imports::http::import_release)
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
    proxying(config);
    sharing(config);
    for_programs(config);
    machines(config);
    // Last: a Meshery Server asks for `/{its version}/capabilities`.
    meshery::configure(config);
}

/// What is asked for thousands of times in a rollout: patterns are tried in this order, one after another.
fn hot(config: &mut ServiceConfig<'_>) {
    config
        .service(modules::http::get_module)
        .service(capability_urls::http::get_private_module)
        .service(releases::http::download_module)
        .service(health::get_live)
        .service(health::get_ready)
        .service(health::get_metrics);
}

/// What a proxy is given.
fn proxying(config: &mut ServiceConfig<'_>) {
    config
        .service(capability_urls::http::list_capability_urls)
        .service(capability_urls::http::create_capability_url)
        .service(capability_urls::http::renew_capability_url)
        .service(capability_urls::http::revoke_capability_url)
        .service(configuration::http::list_formats)
        .service(configuration::http::get_configuration)
        .service(configuration::http::make_configuration);
}

/// Where releases go to, and what is wanted there.
fn deploying(config: &mut ServiceConfig<'_>) {
    config
        .service(targets::http::list_targets)
        .service(targets::http::create_target)
        .service(targets::http::get_target)
        .service(targets::http::change_target)
        .service(targets::http::delete_target)
        .service(targets::http::probe_target)
        .service(targets::http::rotate_target)
        .service(deployments::http::compare_target)
        .service(deployments::http::list_deployments)
        .service(deployments::http::plan_deployment)
        .service(deployments::http::deploy)
        .service(deployments::http::get_deployment)
        .service(deployments::http::undeploy)
        .service(deployments::http::retry_deployment)
        .service(deployments::http::roll_back_deployment)
        .service(deployments::http::list_attempts)
        .service(deployments::http::list_revisions)
        .service(deployments::http::list_rules)
        .service(deployments::http::create_rule)
        .service(deployments::http::delete_rule);
}

/// The queue and the life of what is in it.
fn reviewing(config: &mut ServiceConfig<'_>) {
    config
        .service(reviews::http::list_reviews)
        .service(reviews::http::submit_review)
        // Before the one with an id, which would take the word for one.
        .service(reviews::http::summarise_reviews)
        .service(reviews::act_http::act_on_reviews)
        .service(reviews::http::get_review)
        .service(reviews::http::vote_review)
        .service(reviews::http::comment_review)
        .service(reviews::http::assign_review)
        .service(reviews::http::withdraw_review)
        .service(reviews::http::release_review)
        .service(reviews::http::list_reasons)
        .service(reviews::http::get_policy)
        .service(reviews::act_http::run_checks)
        .service(reviews::act_http::resubmit_review)
        .service(reviews::act_http::recuse_review)
        .service(reviews::act_http::escalate_review)
        .service(reviews::act_http::attend_review)
        .service(reviews::act_http::tick_review)
        .service(reviews::act_http::appeal_review)
        .service(reviews::act_http::withdraw_appeal)
        .service(reviews::act_http::decide_appeal)
        .service(reviews::act_http::ask_break_glass)
        .service(reviews::act_http::countersign_break_glass);
}

/// Who belongs to what, what changes hands, and who reaches what.
fn sharing(config: &mut ServiceConfig<'_>) {
    config
        .service(filters::audience::http::list_access)
        .service(filters::transfer::http::offer_transfer)
        .service(filters::transfer::http::get_transfer)
        .service(filters::transfer::http::withdraw_transfer)
        .service(filters::transfer::http::list_my_transfers)
        .service(filters::transfer::http::accept_transfer)
        .service(filters::transfer::http::decline_transfer)
        .service(teams::http::change_team)
        .service(teams::http::delete_team)
        .service(teams::http::change_me)
        .service(teams::invitations::http::invite_member)
        .service(teams::invitations::http::list_invitations)
        .service(teams::invitations::http::withdraw_invitation)
        .service(teams::invitations::http::list_my_invitations)
        .service(teams::invitations::http::accept_invitation)
        .service(teams::invitations::http::decline_invitation)
        .service(teams::reach::http::get_my_reach)
        .service(teams::reach::http::get_token_reach);
}

/// Who is told what.
fn news(config: &mut ServiceConfig<'_>) {
    config
        .service(catalog::http::get_feed)
        .service(catalog::http::get_namespace_feed)
        .service(notify::http::list_inbox)
        .service(notify::http::count_unread)
        .service(notify::http::read_inbox)
        .service(notify::http::read_inbox_item)
        .service(notify::http::get_notifications)
        .service(notify::http::put_notifications)
        .service(webhooks::http::list_webhooks)
        .service(webhooks::http::create_webhook)
        .service(webhooks::http::get_webhook)
        .service(webhooks::http::change_webhook)
        .service(webhooks::http::delete_webhook)
        .service(webhooks::http::rotate_webhook)
        .service(webhooks::http::ping_webhook)
        .service(webhooks::http::list_deliveries)
        .service(webhooks::http::redeliver);
}

/// The authorization server.
fn for_programs(config: &mut ServiceConfig<'_>) {
    config
        .service(oauth::http::get_keys)
        .service(oauth::metadata::get_oauth_metadata)
        .service(oauth::metadata::get_openid_metadata)
        .service(oauth::pages::ask_to_act)
        .service(oauth::pages::answer_authorization)
        .service(oauth::pages::show_device)
        .service(oauth::pages::answer_device)
        .service(oauth::http::get_tokens)
        .service(oauth::http::authorize_device)
        .service(oauth::introspection::discard_token)
        .service(oauth::introspection::introspect_token)
        .service(oauth::http::get_user_info)
        .service(oauth::apps::list_app_grants)
        .service(oauth::apps::end_app_grant)
        .service(oauth::clients::http::list_oauth_clients)
        .service(oauth::clients::http::create_oauth_client)
        .service(oauth::clients::http::get_oauth_client)
        .service(oauth::clients::http::change_oauth_client)
        .service(oauth::clients::http::delete_oauth_client);
}

/// How people come in, and who they are.
fn people(config: &mut ServiceConfig<'_>) {
    config
        .service(sign_in::http::show_sign_in)
        .service(sign_in::http::start_oidc)
        .service(sign_in::http::finish_oidc)
        .service(sign_in::http::start_github)
        .service(sign_in::http::finish_github)
        .service(sign_in::http::sign_in_locally)
        .service(sign_in::link::show_sign_in_link)
        .service(sign_in::link::sign_in)
        .service(sign_in::http::sign_out)
        .service(sign_in::me::list_identities)
        .service(sign_in::me::link_identity)
        .service(sign_in::me::unlink_identity)
        .service(sign_in::me::list_sessions)
        .service(sign_in::me::end_session)
        .service(sign_in::me::end_other_sessions)
        .service(sign_in::me::set_password)
        .service(users::http::list_users)
        .service(users::http::create_user)
        .service(users::http::disable_user)
        .service(users::http::enable_user);
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

/// The registry, which has a specification of its own and no part in the document. Before all others: it is pulled from.
pub fn registry(config: &mut actix_web::web::ServiceConfig) {
    config.configure(registry::http::configure);
}

pub async fn unmatched() -> HttpResponse {
    let detail = "there is nothing here, or nothing that you may see";
    problem::respond(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
}
