//! Whose account an outside identity is: found by issuer and subject, or made when the rules
//! allow it. Never found by address: who controls an address at one provider need not be who
//! had it here.
use super::{Profile, browser::Visitor, mapping, session, settings::Rules};
use crate::{
    audit::{self, Actor},
    db::{WriteTxn, retrying},
    error::{Error, Kind, Result},
    operate::accounts,
    state::State,
};
use actix_web::cookie::Cookie;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};
use serde_json::json;
use tamis_entities::{
    external_identity as identity, former_handle, namespace, user,
    value::{NamespaceKind, Role, Slug},
};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

pub fn not_admitted(why: &str) -> Error {
    Error::forbidden("not-admitted", why)
}

/// Whether the rules let this person in; asked at every sign-in, not only at the first.
pub fn admit(rules: &Rules, profile: &Profile) -> Result<()> {
    if !rules.allowed_domains.is_empty() {
        let email = profile.verified_email().map(str::to_ascii_lowercase);
        let domain = email.as_deref().and_then(|e| e.rsplit_once('@')).map(|(_, domain)| domain);
        if !domain.is_some_and(|d| rules.allowed_domains.iter().any(|a| a == d)) {
            return Err(not_admitted("this needs a verified address in one of the domains that may sign in"));
        }
    }
    let mapped = |group: &String| {
        rules.teams.iter().any(|(g, _, _)| g == group) || rules.roles.iter().any(|(g, _)| g == group)
    };
    match rules.require_group && !profile.groups.iter().any(mapped) {
        true => Err(not_admitted("you are in none of the groups that may sign in")),
        false => Ok(()),
    }
}

/// Signs in as the account of this identity: the cookie of the session.
pub async fn enter(
    state: &State,
    visitor: &Visitor,
    profile: &Profile,
    rules: &Rules,
) -> Result<Cookie<'static>> {
    admit(rules, profile)?;
    // Two tabs may make the same account, or two people take the same handle, at one moment.
    for _ in 0..3 {
        match retrying(|| enter_once(state, visitor, profile, rules)).await {
            Err(error) if error.kind() == Kind::Conflict => {}
            done => return done,
        }
    }
    enter_once(state, visitor, profile, rules).await
}

async fn enter_once(
    state: &State,
    visitor: &Visitor,
    profile: &Profile,
    rules: &Rules,
) -> Result<Cookie<'static>> {
    let txn = state.db.begin_write().await?;
    let id = match find(&txn, profile).await? {
        Some(known) => {
            let mut seen = known.clone().into_active_model();
            seen.label = Set(profile.label());
            seen.email = Set(profile.verified_email().map(str::to_owned));
            seen.last_used_at = Set(state.clock.now());
            identity::Entity::update(seen).exec(&*txn).await?;
            known.user_id
        }
        None => sign_up(state, &txn, profile, rules).await?,
    };
    // First, as it refuses who is disabled and locks the user's row.
    let cookie = session::open(state, &txn, visitor, id, &profile.provider, profile.proved_at).await?;
    mapping::apply(state, &txn, id, &profile.provider, rules, &profile.groups).await?;
    txn.commit().await?;
    Ok(cookie)
}

async fn find(txn: &WriteTxn<'_>, profile: &Profile) -> Result<Option<identity::Model>> {
    Ok(identity::Entity::find()
        .filter(identity::Column::Issuer.eq(&profile.issuer))
        .filter(identity::Column::Subject.eq(&profile.subject))
        .one(&**txn)
        .await?)
}

async fn sign_up(state: &State, txn: &WriteTxn<'_>, profile: &Profile, rules: &Rules) -> Result<Uuid> {
    if !rules.allow_sign_up {
        let detail =
            "no account here belongs to this identity; sign in to your account first and link it there";
        return Err(Error::forbidden("no-account", detail));
    }
    let handle = free_handle(txn, profile).await?;
    let made = accounts::insert(state, txn, &handle, Role::User, NamespaceKind::User).await?;
    let id = made.id;
    let mut with_address = made.into_active_model();
    with_address.email = Set(profile.verified_email().map(str::to_owned));
    user::Entity::update(with_address).exec(&**txn).await?;
    let (actor, object) = (Actor::system("sign-in"), format!("user:{handle}"));
    let detail = json!({"role": Role::User, "by": profile.provider});
    audit::record(&**txn, &state.clock, &actor, "user.create", object, detail).await?;
    attach(state, txn, profile, id, handle.as_str()).await?;
    Ok(id)
}

async fn attach(
    state: &State,
    txn: &WriteTxn<'_>,
    profile: &Profile,
    user: Uuid,
    handle: &str,
) -> Result<()> {
    let now = state.clock.now();
    let row = identity::ActiveModel {
        id: Set(Uuid::now_v7()),
        user_id: Set(user),
        provider: Set(profile.provider.clone()),
        issuer: Set(profile.issuer.clone()),
        subject: Set(profile.subject.clone()),
        label: Set(profile.label()),
        email: Set(profile.verified_email().map(str::to_owned)),
        created_at: Set(now),
        last_used_at: Set(now),
    };
    identity::Entity::insert(row).exec_without_returning(&**txn).await?;
    let (actor, object) = (Actor::user(handle), format!("user:{handle}"));
    let detail = json!({"provider": profile.provider});
    audit::record(&**txn, &state.clock, &actor, "identity.link", object, detail).await
}

/// Adds the identity to an account whose owner has just proved both.
pub async fn link(state: &State, user: Uuid, handle: &Slug, profile: &Profile, rules: &Rules) -> Result<()> {
    admit(rules, profile)?;
    let txn = state.db.begin_write().await?;
    match find(&txn, profile).await? {
        Some(known) if known.user_id == user => return Ok(()),
        Some(_) => {
            let detail = "this identity belongs to another account here; sign in with it and unlink it there";
            return Err(Error::conflict("identity-linked", detail));
        }
        None => attach(state, &txn, profile, user, handle.as_str()).await?,
    }
    txn.commit().await
}

/// A handle made of what the provider calls them, with a number behind it if it is taken,
/// reserved, or would be mistaken for one that is.
async fn free_handle(txn: &WriteTxn<'_>, profile: &Profile) -> Result<Slug> {
    let local_part = |address: &str| address.split('@').next().unwrap_or_default().to_owned();
    let named = profile.username.as_deref().map(local_part);
    let named = named.or_else(|| profile.verified_email().map(local_part));
    let base = slug_of(&named.unwrap_or_default());
    for number in 1..=50 {
        let text = if number == 1 { base.clone() } else { format!("{base}-{number}") };
        let Ok(handle) = text.parse::<Slug>() else { continue };
        if is_free(txn, &handle).await? {
            return Ok(handle);
        }
    }
    let random = hex::encode(crate::clock::random::<6>()?);
    format!("{base}-{random}").parse().map_err(|_| Error::internal("no handle can be made"))
}

async fn is_free(txn: &WriteTxn<'_>, handle: &Slug) -> Result<bool> {
    if handle.is_reserved() {
        return Ok(false);
    }
    let skeleton = handle.skeleton();
    let alike = namespace::Entity::find().filter(namespace::Column::Skeleton.eq(&skeleton));
    let left = former_handle::Entity::find().filter(former_handle::Column::Skeleton.eq(&skeleton));
    Ok(alike.count(&**txn).await? == 0 && left.count(&**txn).await? == 0)
}

/// Letters and digits of a name, accents taken off, with single hyphens between them; leaves
/// room for a number.
fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)) {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
        if slug.len() >= 48 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "user".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::slug_of;

    #[test]
    fn any_name_becomes_a_handle() {
        for (name, handle) in [
            ("Alice", "alice"),
            ("Jörg Müller", "jorg-muller"),
            ("a..b__c", "a-b-c"),
            ("-x-", "x"),
            ("", "user"),
            ("日本", "user"),
            ("\0\u{202e}evil", "evil"),
        ] {
            assert_eq!(slug_of(name), handle);
        }
        assert!(slug_of(&"a-".repeat(100)).parse::<tamis_entities::value::Slug>().is_ok());
    }
}
