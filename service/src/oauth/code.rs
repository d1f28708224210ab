//! Authorization codes: bound to client, redirect URI and PKCE challenge, good for a minute, used once.
//! A code that comes back was seen by somebody else: everything issued for it ends.
use super::{
    CODE_LIFE,
    authorize::Asked,
    client::Client,
    form::Fields,
    grant::{self, Opening, Tokens},
    refusal::Refusal,
    words::Words,
};
use crate::{
    audit::Actor,
    auth::{Identity, secret},
    db::WriteTxn,
    error::Result,
    state::State,
};
use aws_lc_rs::{constant_time, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use tamis_entities::{
    oauth_code,
    value::{OauthGrantType, Timestamp},
};
use uuid::Uuid;

pub async fn issue(
    state: &State,
    txn: &WriteTxn<'_>,
    asked: &Asked,
    who: &Identity,
    auth_time: Timestamp,
) -> Result<String> {
    let fresh = secret::fresh("")?;
    let now = state.clock.now();
    let row = oauth_code::ActiveModel {
        id: Set(Uuid::now_v7()),
        secret_sha256: Set(fresh.sha256),
        user_id: Set(who.id),
        client_id: Set(asked.client.id.clone()),
        redirect_uri: Set(asked.redirect_uri.clone()),
        scopes: Set(asked.words.allowed_to(who.role).to_string()),
        audience: Set(asked.audience.clone()),
        challenge: Set(asked.challenge.clone()),
        nonce: Set(asked.nonce.clone()),
        auth_time: Set(auth_time),
        grant_id: Set(Uuid::now_v7()),
        created_at: Set(now),
        expires_at: Set(now.plus(CODE_LIFE)),
        used_at: Set(None),
    };
    oauth_code::Entity::insert(row).exec_without_returning(&**txn).await?;
    Ok(fresh.text)
}

/// RFC 7636 section 4.6.
fn proves(verifier: &str, challenge: &str) -> bool {
    let plausible = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    let hashed = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    plausible && constant_time::verify_slices_are_equal(hashed.as_bytes(), challenge.as_bytes()).is_ok()
}

pub async fn redeem(state: &State, client: &Client, fields: &Fields) -> Result<Tokens, Refusal> {
    let text = fields.need("code", "code is missing")?;
    let redirect_uri =
        fields.need("redirect_uri", "redirect_uri is missing: send that of the authorization")?;
    let verifier = fields.need("code_verifier", "code_verifier is missing: PKCE is required")?;
    let txn = state.db.begin_write().await?;
    let by_hash = oauth_code::Column::SecretSha256.eq(secret::hash(text));
    let code = oauth_code::Entity::find().filter(by_hash).one(&*txn).await?;
    let code = code.filter(|code| code.client_id == client.id).ok_or_else(Refusal::grant)?;
    let now = state.clock.now();
    let used = oauth_code::Entity::update_many()
        .col_expr(oauth_code::Column::UsedAt, Expr::value(now))
        .filter(oauth_code::Column::Id.eq(code.id))
        .filter(oauth_code::Column::UsedAt.is_null())
        .exec(&*txn)
        .await?;
    if used.rows_affected == 0 {
        let actor = Actor::system("oauth");
        grant::end(state, &txn, &actor, code.grant_id, "an authorization code was used twice").await?;
        txn.commit().await?;
        return Err(Refusal::grant());
    }
    let fits = code.expires_at > now
        && code.redirect_uri == redirect_uri
        && proves(verifier, &code.challenge)
        && fields.get("resource").is_none_or(|resource| resource == code.audience);
    let person = if fits { grant::person(&txn, code.user_id, code.grant_id).await? } else { None };
    let Some(who) = person else {
        // Whatever was wrong, there is no second try.
        txn.commit().await?;
        return Err(Refusal::grant());
    };
    let opening = Opening {
        id: code.grant_id,
        client,
        who: &who,
        kind: OauthGrantType::AuthorizationCode,
        words: Words::read(&code.scopes),
        audience: code.audience,
        auth_time: code.auth_time,
    };
    let opened = grant::open(state, &txn, opening).await?;
    txn.commit().await?;
    grant::tokens(state, opened, code.nonce.as_deref()).await
}
