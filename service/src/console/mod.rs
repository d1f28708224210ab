//! The console: pages for people, server-rendered, that work as links and forms. Calls the slices' use cases
//! under the same rows of `auth::table` as the API, and must not know another way to the data.
pub mod access;
pub mod admin;
pub mod ask;
pub mod assets;
pub mod catalog;
pub mod deployments;
pub mod figures;
pub mod filter;
pub mod frame;
pub mod grain;
pub mod hosts;
pub mod markdown;
pub mod my;
pub mod own_form;
pub mod parts;
pub mod plain;
pub mod powers;
pub mod preferences;
pub mod refused;
pub mod reviews;
pub mod teams;
pub mod tokens;
pub mod webhooks;

use utoipa_actix_web::service_config::ServiceConfig;

/// Each room has its own list.
pub fn configure(config: &mut ServiceConfig<'_>) {
    access::configure(config);
    admin::configure(config);
    deployments::configure(config);
    teams::configure(config);
    tokens::configure(config);
    webhooks::configure(config);
    config
        .service(assets::get_asset)
        .service(catalog::show_home)
        .service(catalog::show_catalog)
        .service(preferences::keep_preferences);
    filter::configure(config);
    my::configure(config);
    reviews::configure(config);
}
