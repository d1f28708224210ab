//! The page of Meshery Servers: who they are, what they may, and the acts of an administrator on them.
use super::{Place, places};
use crate::{
    auth::{Caller, Identity},
    console::{figures, frame::Frame, parts::*},
    error::{Error, Result},
    meshery::servers,
    state::State,
};
use actix_web::HttpRequest;
use askama::{Template, filters::Safe};
use serde::Deserialize;
use std::sync::Arc;
use tamis_entities::{
    meshery_server as server,
    value::{MesheryServerState as Is, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "console/meshery.html")]
pub struct Page {
    frame: Frame,
    places: Vec<Place>,
    servers: Vec<server::Model>,
    now: Timestamp,
}

impl Page {
    fn state(&self, server: &server::Model) -> Safe<String> {
        match server.state {
            Is::Pending => badge("warn", "", "Waits to be let in"),
            Is::Approved => badge("pass", "", "Let in"),
            Is::CutOff => badge("fail", "", "Cut off"),
        }
    }

    fn is_approved(&self, server: &server::Model) -> bool {
        server.state == Is::Approved
    }

    fn is_cut_off(&self, server: &server::Model) -> bool {
        server.state == Is::CutOff
    }
}

pub async fn page(state: &State, request: &HttpRequest, who: &Identity) -> Result<Page> {
    let caller = Caller(Some(Arc::new(who.clone())));
    Ok(Page {
        frame: Frame::of(state, request, &caller, "admin", "Meshery Servers")?,
        places: places(who, "Meshery"),
        servers: servers::list(state).await?,
        now: state.clock.now(),
    })
}

/// What is done to a server.
#[derive(Deserialize, ToSchema)]
pub struct ServerForm {
    /// From the page that shows the form.
    #[serde(default)]
    pub form: String,
    /// `approve`, `rename` or `cut-off`
    #[serde(default)]
    act: String,
    #[serde(default)]
    name: String,
}

pub async fn act(state: &State, who: &Identity, id: Option<Uuid>, form: ServerForm) -> Result<()> {
    let to = match form.act.as_str() {
        "approve" => Some(Is::Approved),
        "cut-off" => Some(Is::CutOff),
        "rename" => None,
        _ => return Err(Error::invalid("act", "`approve`, `rename` or `cut-off`")),
    };
    servers::decide(state, who, id.ok_or_else(Error::not_found)?, to, Some(form.name)).await
}
