//! The console: pages for people, server-rendered, that work as links and forms. Calls the slices' use cases
//! under the same rows of `auth::table` as the API, and must not know another way to the data.
pub mod assets;
pub mod catalog;
pub mod figures;
pub mod filter;
pub mod frame;
pub mod grain;
pub mod hosts;
pub mod markdown;
pub mod my;
pub mod parts;
pub mod plain;
pub mod powers;
pub mod preferences;
pub mod refused;
pub mod reviews;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(assets::get_asset)
        .service(catalog::show_home)
        .service(catalog::show_catalog)
        .service(filter::http::show_filter)
        .service(filter::http::show_badge)
        .service(filter::http::clone_by_form)
        .service(preferences::keep_preferences)
        .service(my::http::show_my_work)
        .service(my::http::show_upload)
        .service(my::http::upload_by_form)
        .service(my::http::import_by_form)
        .service(my::http::show_my_release)
        .service(my::http::describe_by_form)
        .service(my::http::ask_by_form)
        .service(reviews::http::show_reviews)
        .service(reviews::http::show_review)
        .service(reviews::http::vote_by_form)
        .service(reviews::http::comment_by_form)
        .service(reviews::http::withdraw_by_form)
        .service(reviews::http::release_by_form)
        .service(reviews::http::take_by_form)
        .service(reviews::acts_http::run_checks_by_form)
        .service(reviews::acts_http::resubmit_by_form)
        .service(reviews::acts_http::recuse_by_form)
        .service(reviews::acts_http::escalate_by_form)
        .service(reviews::acts_http::tick_by_form)
        .service(reviews::acts_http::appeal_by_form)
        .service(reviews::acts_http::decide_appeal_by_form)
        .service(reviews::acts_http::ask_break_glass_by_form)
        .service(reviews::acts_http::countersign_by_form);
}
