//! A token for a Meshery Server whose provider is this Tamis: made here, for the one who looks after the target,
//! good for an hour, and for a server that an administrator has let in.
use crate::{
    auth::identity::{Via, identity},
    db::WriteTxn,
    error::{Error, Result},
    meshery::{servers, tokens},
    state::State,
    targets::place,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use std::time::Duration;
use tamis_entities::{
    meshery_server, meshery_session as login, target, user,
    value::{MemberRole, MesheryServerState},
};
use tamis_outbound::parse_url;
use uuid::Uuid;

const LIFE: Duration = Duration::from_secs(3600);

fn refused(why: impl Into<String>) -> Error {
    Error::conflict("no-minted-token", why)
}

/// By this the login of a target is found; nobody knows a text with that hash.
fn mark(target: Uuid) -> String {
    format!("target:{target}")
}

pub async fn token(state: &State, target: &target::Model) -> Result<String> {
    let url = parse_url(&target.url).map_err(|e| Error::invalid("url", e.to_string()))?;
    let origin = url.origin().ascii_serialization();
    let known = servers::by_origin(state, &origin).await?;
    let known = known.filter(|server| server.state == MesheryServerState::Approved);
    let server = known.ok_or_else(|| {
        refused("an administrator has not let this Meshery Server in, so no token is made for it; log in from it once, and have it approved")
    })?;
    let row = log_in(state, target, &server).await?;
    let person = user::Entity::find_by_id(row.user_id).one(&*state.db).await?.ok_or_else(Error::not_found)?;
    let (jwt, ends) = tokens::mint(state, &row, person.meshery_id).await?;
    Ok(tokens::wrap(&jwt, "", ends))
}

/// The person that the token speaks for, if they look after the target still.
async fn speaker(txn: &WriteTxn<'_>, target: &target::Model) -> Result<Uuid> {
    let again = "somebody who does has to say it again: PATCH the target with `sign_in`";
    let who = identity(&**txn, target.created_by, Via::Operator, None).await?;
    let who = who.ok_or_else(|| {
        refused(format!("the person that the token would speak for has no account any more; {again}"))
    })?;
    if who.role_in(target.namespace_id) < Some(MemberRole::Maintainer) {
        return Err(refused(format!("{} does not look after this target any more; {again}", who.handle)));
    }
    Ok(who.id)
}

/// The one login of a target. One that was ended, or was somebody else's, stays ended with all its tokens: the
/// next is another row.
async fn log_in(
    state: &State,
    target: &target::Model,
    server: &meshery_server::Model,
) -> Result<login::Model> {
    let txn = state.db.begin_write().await?;
    // As it is now, and held: one login is made at a time.
    let now = target::Entity::find_by_id(target.id).lock_exclusive().one(&*txn).await?;
    let now = now.filter(|now| place(now) == place(target) && now.sign_in == target.sign_in);
    let now = now.ok_or_else(|| refused("the target was changed at the same moment; it is tried again"))?;
    let person = speaker(&txn, &now).await?;
    let origin = server.origin.clone();
    let before = login::Entity::find().filter(login::Column::RefreshSha256.eq(mark(target.id)));
    let before = before.one(&*txn).await?;
    let at = state.clock.now();
    let living = before.as_ref().filter(|row| {
        row.revoked_at.is_none()
            && (row.user_id, row.server_id, &row.origin) == (person, Some(server.id), &origin)
    });
    let row = match living {
        Some(row) => {
            let row = login::Model { expires_at: at.plus(LIFE), ..row.clone() };
            let longer =
                login::ActiveModel { id: Set(row.id), expires_at: Set(row.expires_at), ..Default::default() };
            login::Entity::update(longer).exec(&*txn).await?;
            row
        }
        None => {
            end(&txn, target.id).await?;
            let row = login::Model {
                id: Uuid::now_v7(),
                user_id: person,
                server_id: Some(server.id),
                origin,
                refresh_sha256: mark(target.id),
                created_at: at,
                expires_at: at.plus(LIFE),
                revoked_at: None,
            };
            login::Entity::insert(row.clone().into_active_model()).exec_without_returning(&*txn).await?;
            row
        }
    };
    txn.commit().await?;
    Ok(row)
}

/// Every token that was made for the target ends.
pub async fn end(txn: &WriteTxn<'_>, target: Uuid) -> Result<()> {
    let rows = login::Entity::delete_many().filter(login::Column::RefreshSha256.eq(mark(target)));
    rows.exec(&**txn).await?;
    Ok(())
}
