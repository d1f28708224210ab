//! Teams: the list of one's own with what is offered to one, the page of each, and that of a robot. Every act is
//! a use case of another slice.
pub mod http;
pub mod offers_http;
pub mod robot;
pub mod team;

use super::{
    ask::{self, Ask},
    figures,
    frame::Frame,
    parts::*,
};
use crate::{
    auth::{Caller, Identity},
    error::Result,
    filters::transfer::{self, TransferView},
    http::page::{MAX_LIMIT, PageQuery},
    state::State,
    teams::{
        invitations::{self, InvitationView, Of},
        view::{self, TeamItem},
    },
};
use actix_web::HttpRequest;
use askama::{Template, filters::Safe};
use tamis_entities::value::{MemberRole, Slug, Timestamp};
use utoipa_actix_web::service_config::ServiceConfig;

pub const HERE: &str = "/teams";

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::show_teams)
        .service(http::create_team_by_form)
        .service(http::show_team)
        .service(http::change_member_by_form)
        .service(http::remove_member_by_form)
        .service(http::invite_by_form)
        .service(http::withdraw_invitation_by_form)
        .service(http::create_robot_by_form)
        .service(offers_http::accept_invitation_by_form)
        .service(offers_http::decline_invitation_by_form)
        .service(offers_http::accept_transfer_by_form)
        .service(offers_http::decline_transfer_by_form)
        .service(offers_http::show_robot)
        .service(offers_http::remove_robot_by_form)
        .service(offers_http::create_robot_token_by_form)
        .service(offers_http::revoke_robot_token_by_form);
}

#[derive(Template)]
#[template(path = "console/teams.html")]
pub struct Page {
    frame: Frame,
    me: Slug,
    teams: Vec<TeamItem>,
    invitations: Vec<InvitationView>,
    transfers: Vec<TransferView>,
    asked: Option<String>,
    now: Timestamp,
}

/// What a role in a team lets its holder do.
pub fn role_words(role: &MemberRole) -> &'static str {
    match role {
        MemberRole::Owner => "runs the team",
        MemberRole::Maintainer => "writes its filters",
        MemberRole::Member => "reads its filters",
    }
}

pub fn role_badge(role: &MemberRole) -> Safe<String> {
    let look = if *role == MemberRole::Owner { "accent" } else { "outline" };
    badge(look, "", &figures::capital(role.as_str()))
}

impl Page {
    fn here(&self) -> &'static str {
        HERE
    }

    fn waits(&self) -> bool {
        !self.invitations.is_empty() || !self.transfers.is_empty()
    }

    /// Taking a filter ends its open reviews: that is said before.
    fn ask_transfer(&self, offer: &TransferView) -> Ask {
        Ask {
            id: format!("transfer-{}", offer.id),
            title: format!("Take {}/{} into {}", offer.namespace, offer.filter, offer.to),
            consequence:
                "Its releases and grants come along, open reviews of it end, and its old address leads here."
                    .into(),
            verb: "Take it",
            busy: "Taking…",
            to: format!("/my/transfers/{}/accept", offer.id),
            fields: vec![],
        }
    }

    fn asks(&self) -> Vec<Ask> {
        self.transfers.iter().map(|offer| self.ask_transfer(offer)).collect()
    }
}

pub async fn page(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    who: &Identity,
    asked: Option<String>,
) -> Result<Page> {
    let whole = PageQuery { after: None, limit: Some(MAX_LIMIT) };
    Ok(Page {
        frame: Frame::of(state, request, caller, "", "Teams")?,
        me: who.handle.clone(),
        teams: view::mine(state, who).await?,
        invitations: invitations::list(state, who, Of::Invited(who.id), &whole).await?.items,
        transfers: transfer::list(state, who, &whole).await?.items,
        asked,
        now: state.clock.now(),
    })
}
