//! The page of people: who there is, how each comes in, and what an administrator does for them: an account, a link
//! to sign in with, and an end to it. A link is a way in, so what makes one takes a sign-in of the last minutes.
use super::{Place, places};
use crate::{
    audit::Actor,
    auth::{Caller, Identity, step_up::at_the_browser},
    console::{figures, frame::Frame, parts::*},
    error::{Error, Kind, Result},
    filters::view::{handle_of, handles},
    http::page::{Cursors, MAX_LIMIT, PageQuery},
    operate::accounts,
    state::State,
    teams, users,
};
use actix_web::{HttpRequest, http::StatusCode};
use askama::{Template, filters::Safe};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QuerySelect, QueryTrait};
use serde::Deserialize;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use tamis_entities::{
    external_identity, local_password, namespace, user,
    value::{NamespaceKind, Role, Slug, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "console/people.html")]
pub struct Page {
    frame: Frame,
    places: Vec<Place>,
    people: Vec<Person>,
    next: Option<String>,
    making: Making,
    /// Whether a link can be made now, or only after signing in again.
    stale: bool,
    now: Timestamp,
}

struct Person {
    handle: Slug,
    user: user::Model,
    password: bool,
    providers: Vec<String>,
}

/// A person to make, and what came of it.
#[derive(Default)]
pub struct Making {
    handle: String,
    role: Option<Role>,
    pub link: Option<(Slug, String)>,
    refused: Option<String>,
}

const ROLES: [(Role, &str); 3] = [
    (Role::User, "uploads filters and asks for publication"),
    (Role::Curator, "also judges the requests of others"),
    (Role::Admin, "also runs this instance"),
];

impl Page {
    fn role(&self, person: &Person) -> Safe<String> {
        let look = if person.user.role == Role::User { "outline" } else { "accent" };
        badge(look, "", &figures::capital(person.user.role.as_str()))
    }

    fn roles(&self) -> impl Iterator<Item = (Role, String, &'static str, bool)> {
        let chosen = self.making.role.unwrap_or(Role::User);
        ROLES
            .into_iter()
            .map(move |(role, does)| (role, figures::capital(role.as_str()), does, role == chosen))
    }

    fn comes_in(&self, person: &Person) -> String {
        let mut ways: Vec<_> = person.providers.clone();
        ways.extend(person.password.then(|| "a password".to_owned()));
        match ways.is_empty() {
            true => "comes in by a one-time link only".into(),
            false => format!("comes in by {}", ways.join(" or ")),
        }
    }

    fn is_me(&self, person: &Person) -> bool {
        self.frame.who.as_ref().is_some_and(|who| who.handle == person.handle.as_str())
    }
}

pub async fn page(
    state: &State,
    request: &HttpRequest,
    who: &Identity,
    after: Option<String>,
    making: Making,
) -> Result<Page> {
    let caller = Caller(Some(Arc::new(who.clone())));
    let (people, next) = list(state, after).await?;
    Ok(Page {
        frame: Frame::of(state, request, &caller, "admin", "People")?,
        places: places(who, "People"),
        people,
        next: next.map(|after| {
            let after: String = url::form_urlencoded::byte_serialize(after.as_bytes()).collect();
            format!("/admin/people?after={after}")
        }),
        making,
        stale: at_the_browser(who, &state.clock).is_err(),
        now: state.clock.now(),
    })
}

async fn list(state: &State, after: Option<String>) -> Result<(Vec<Person>, Option<String>)> {
    let cursors = Cursors { key: &state.secret, context: "people".into() };
    let people = namespace::Entity::find()
        .select_only()
        .column(namespace::Column::Id)
        .filter(namespace::Column::Kind.eq(NamespaceKind::User));
    let rows = user::Entity::find()
        .filter(user::Column::RobotOf.is_null())
        .filter(user::Column::Id.in_subquery(people.into_query()));
    let page = PageQuery { after, limit: Some(MAX_LIMIT) };
    let (rows, next) = cursors.by_id(&*state.db, rows, user::Column::Id, Order::Asc, &page).await?;
    let ids: Vec<Uuid> = rows.iter().map(|user| user.id).collect();
    let handles = handles(&*state.db, ids.iter().copied()).await?;
    let with =
        local_password::Entity::find().filter(local_password::Column::UserId.is_in(ids.iter().copied()));
    let with: HashSet<_> = with.all(&*state.db).await?.into_iter().map(|row| row.user_id).collect();
    let mut providers: HashMap<Uuid, Vec<String>> = HashMap::new();
    let known = external_identity::Entity::find().filter(external_identity::Column::UserId.is_in(ids));
    for row in known.all(&*state.db).await? {
        providers.entry(row.user_id).or_default().push(row.provider);
    }
    let people = rows.into_iter().map(|user| Person {
        handle: handle_of(&handles, user.id),
        password: state.sign_in.settings.local && with.contains(&user.id),
        providers: providers.remove(&user.id).unwrap_or_default(),
        user,
    });
    Ok((people.collect(), next))
}

/// A new person.
#[derive(Deserialize, ToSchema)]
pub struct PersonForm {
    /// From the page that shows the form.
    #[serde(default)]
    pub form: String,
    #[serde(default)]
    handle: String,
    /// `user`, `curator` or `admin`
    #[serde(default)]
    role: String,
}

/// Makes the account and its first link. What the person can mend is shown where they typed it.
pub async fn make(state: &State, who: &Identity, form: PersonForm) -> Result<Making> {
    at_the_browser(who, &state.clock)?;
    let role = ROLES.into_iter().map(|(role, _)| role).find(|role| role.as_str() == form.role);
    let role = role.ok_or_else(|| Error::invalid("role", "`user`, `curator` or `admin`"))?;
    let actor = Actor::from(who);
    let made = async {
        let handle =
            form.handle.trim().parse::<Slug>().map_err(|e| Error::invalid("handle", e.to_string()))?;
        accounts::create(state, &actor, &handle, role).await?;
        Ok::<_, Error>(handle)
    };
    match made.await {
        Ok(handle) => {
            let link = accounts::link_by(state, &actor, &handle).await?;
            Ok(Making { link: Some((handle, link)), ..Making::default() })
        }
        Err(error) if matches!(error.kind(), Kind::Invalid | Kind::Conflict) => Ok(Making {
            handle: form.handle,
            role: Some(role),
            refused: Some(error.detail().to_owned()),
            ..Making::default()
        }),
        Err(error) => Err(error),
    }
}

impl Making {
    pub fn status(&self) -> StatusCode {
        if self.refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::CREATED }
    }
}

/// What is done for a person.
#[derive(Deserialize, ToSchema)]
pub struct PersonAct {
    /// From the page that shows the form.
    #[serde(default)]
    pub form: String,
    /// `link`, `disable` or `enable`
    #[serde(default)]
    act: String,
}

/// The new link, if one was asked for.
pub async fn act(state: &State, who: &Identity, handle: Slug, form: PersonAct) -> Result<Option<Making>> {
    at_the_browser(who, &state.clock)?;
    let actor = Actor::from(who);
    let person = teams::find(state, &handle, NamespaceKind::User).await?;
    match form.act.as_str() {
        "link" => {
            let link = accounts::link_by(state, &actor, &person.handle).await?;
            Ok(Some(Making { link: Some((handle, link)), ..Making::default() }))
        }
        "disable" => users::disable(state, &actor, Some(who.id), &person, None).await.map(|()| None),
        "enable" => users::enable(state, &actor, &person).await.map(|()| None),
        _ => Err(Error::invalid("act", "`link`, `disable` or `enable`")),
    }
}
