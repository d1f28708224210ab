//! The page of one team: who is in it and as what, who is invited, and its robots.
use super::{role_badge, role_words};
use crate::{
    auth::{Caller, Identity},
    console::{
        ask::{self, Ask},
        figures,
        frame::Frame,
        parts::*,
    },
    error::Result,
    http::page::{MAX_LIMIT, PageQuery},
    robots::{self, RobotView},
    state::State,
    teams::{
        invitations::{self, InvitationView, Of},
        view::{self, MemberView, TeamView},
    },
};
use actix_web::HttpRequest;
use askama::Template;
use std::borrow::Borrow;
use tamis_entities::{
    namespace,
    value::{MemberRole, Slug, Timestamp},
};

pub const ROLES: [MemberRole; 3] = [MemberRole::Member, MemberRole::Maintainer, MemberRole::Owner];

#[derive(Template)]
#[template(path = "console/team.html")]
pub struct Page {
    frame: Frame,
    team: TeamView,
    /// Of who looks.
    role: MemberRole,
    me: Slug,
    invitations: Vec<InvitationView>,
    robots: Vec<RobotView>,
    asked: Option<String>,
    now: Timestamp,
}

impl Page {
    fn here(&self) -> String {
        format!("/teams/{}", self.team.handle)
    }

    fn owns(&self) -> bool {
        self.role == MemberRole::Owner
    }

    fn maintains(&self) -> bool {
        self.role >= MemberRole::Maintainer
    }

    fn is_me(&self, member: &MemberView) -> bool {
        member.user == self.me
    }

    /// The team would have no owner without them.
    fn is_needed(&self, member: &MemberView) -> bool {
        let owners = self.team.members.iter().filter(|m| m.role == MemberRole::Owner).count();
        member.role == MemberRole::Owner && owners == 1
    }

    fn roles(&self, now: impl Borrow<MemberRole>) -> [(MemberRole, &'static str, bool); 3] {
        ROLES.map(|role| (role, role_words(&role), role == *now.borrow()))
    }

    fn ask_member(&self, member: &MemberView) -> Ask {
        let (title, verb, consequence) = match self.is_me(member) {
            true => (
                format!("Leave {}", self.team.handle),
                "Leave",
                "You no longer see what is private in it. An owner can invite you again.",
            ),
            false => (
                format!("Remove {} from {}", member.user, self.team.handle),
                "Remove",
                "They no longer see what is private in it. Filters and releases of theirs stay.",
            ),
        };
        Ask {
            id: format!("member-{}", member.user),
            title,
            consequence: consequence.into(),
            verb,
            busy: "Removing…",
            to: format!("{}/members/{}/removal", self.here(), member.user),
            fields: vec![],
        }
    }

    fn asks(&self) -> Vec<Ask> {
        let goes = |m: &&MemberView| (self.owns() || self.is_me(m)) && !self.is_needed(m);
        self.team.members.iter().filter(goes).map(|m| self.ask_member(m)).collect()
    }
}

pub async fn page(
    state: &State,
    request: &HttpRequest,
    who: &Identity,
    (namespace, role): (namespace::Model, MemberRole),
    asked: Option<String>,
) -> Result<Page> {
    let caller = Caller(Some(std::sync::Arc::new(who.clone())));
    let whole = PageQuery { after: None, limit: Some(MAX_LIMIT) };
    let mut team = view::view_of(state, &namespace).await?;
    let robots = robots::list(state, &namespace).await?;
    // Robots are members, too, and have a list of their own.
    team.members.retain(|member| !robots.iter().any(|robot| robot.handle == member.user));
    team.members.sort_by(|a, b| b.role.cmp(&a.role).then_with(|| a.user.cmp(&b.user)));
    let invitations = match role {
        MemberRole::Owner => invitations::list(state, who, Of::Team(namespace.id), &whole).await?.items,
        _ => vec![],
    };
    Ok(Page {
        frame: Frame::of(state, request, &caller, "", team.title.clone())?,
        team,
        role,
        me: who.handle.clone(),
        invitations,
        robots,
        asked,
        now: state.clock.now(),
    })
}
