//! Filters as Meshery knows them: an object with an id, a name and a file, behind which stand a filter of
//! Tamis and its newest release. Every act is a use case of the slices; here it is only said in other words.
mod find;
mod given;
mod http;
mod import;
mod list;
mod project;
mod save;
mod slug;

pub use find::find;
pub use list::{Listed, page};
pub use project::keep_catalog_data;
pub use save::home as own_home;

use super::wire::Fields;
use crate::{auth::FilterAccess, error::Result, state::State};
use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

/// Words before ids: the first pattern that fits has the row of the table.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .route("/api/content/filters", web::get().to(http::list_all))
        .route("/api/content/filters", web::post().to(http::save))
        .route("/api/content/filters/delete", web::post().to(http::delete_many))
        .route("/api/content/filters/clone/{id}", web::post().to(http::clone))
        .route("/api/content/filters/download/{id}", web::get().to(http::download))
        // As releases up to 0.6 ask for it.
        .route("/api/content/filters/file/{id}", web::get().to(http::download))
        .route("/api/content/filters/{id}", web::get().to(http::get))
        .route("/api/content/filters/{id}", web::put().to(http::change))
        .route("/api/content/filters/{id}", web::delete().to(http::delete));
}

/// Changes what is said of a filter, in Meshery's words.
pub async fn update(state: &State, access: FilterAccess, fields: Fields) -> Result<FilterAccess> {
    let given = given::Given::read(fields)?;
    let change = save::Change { name: given.name, visibility: given.visibility, details: given.details };
    save::update(state, access, None, change).await
}
