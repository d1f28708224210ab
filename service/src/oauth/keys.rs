//! The keys that sign tokens: ES256, made on first use, kept in the database so that every replica
//! has them. The newest signs; the older are published until what they signed is over.
use super::ACCESS_LIFE;
use crate::{
    audit::{self, Actor},
    db::WriteTxn,
    error::{Error, Result},
    state::State,
};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tamis_entities::{
    signing_key::{self, PrivateKey},
    value::{Sha256, Timestamp},
};

const ALGORITHM: &str = "ES256";
/// Until then nobody signs with a key of yesterday, and nothing that it signed is good.
const PUBLISHED_AFTER: Duration = Duration::from_secs(2 * ACCESS_LIFE.as_secs());
/// How long this process believes what it has read: a change is felt within a second.
const BELIEVED: Duration = Duration::from_secs(1);

/// All keys as of one moment.
pub struct KeySet {
    kid: String,
    signer: EncodingKey,
    verifiers: HashMap<String, DecodingKey>,
    /// As `/.well-known/jwks.json` shows them.
    pub published: Vec<Value>,
}

#[derive(Default)]
pub struct Keys(Mutex<Option<(Timestamp, Arc<KeySet>)>>);

impl KeySet {
    pub fn verifier(&self, kid: &str) -> Option<&DecodingKey> {
        self.verifiers.get(kid)
    }

    pub fn sign<T: Serialize>(&self, kind: &str, claims: &T) -> Result<String> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(kind.to_owned());
        header.kid = Some(self.kid.clone());
        let signed = jsonwebtoken::encode(&header, claims, &self.signer);
        signed.map_err(|e| Error::internal(format!("a token could not be signed: {e}")))
    }
}

/// Not from within a write transaction: the first call makes the first key.
pub async fn current(state: &State) -> Result<Arc<KeySet>> {
    let now = state.clock.now();
    let kept = state.oauth.keys.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((at, set)) = kept
        && at > now.minus(BELIEVED)
    {
        return Ok(set);
    }
    let set = Arc::new(match load(state, now).await? {
        Some(set) => set,
        None => {
            first(state).await?;
            load(state, now).await?.ok_or_else(|| Error::internal("a signing key vanished"))?
        }
    });
    *state.oauth.keys.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, set.clone()));
    Ok(set)
}

async fn load(state: &State, now: Timestamp) -> Result<Option<KeySet>> {
    use signing_key::Column::{CreatedAt, Kid, NotAfter};
    let alive = Condition::any().add(NotAfter.is_null()).add(NotAfter.gt(now));
    let rows = signing_key::Entity::find().filter(alive);
    let rows = rows.order_by_asc(CreatedAt).order_by_asc(Kid).all(&*state.db).await?;
    let Some(newest) = rows.iter().rfind(|row| row.not_after.is_none()) else { return Ok(None) };
    let damaged = || Error::internal("a signing key in the database is damaged");
    let private = URL_SAFE_NO_PAD.decode(&newest.private_key.0).map_err(|_| damaged())?;
    let mut verifiers = HashMap::new();
    for row in &rows {
        let part = |name: &str| row.public_jwk[name].as_str().ok_or_else(damaged);
        let key = DecodingKey::from_ec_components(part("x")?, part("y")?).map_err(|_| damaged())?;
        verifiers.insert(row.kid.clone(), key);
    }
    let published = rows.iter().map(|row| row.public_jwk.clone()).collect();
    let signer = EncodingKey::from_ec_der(&private);
    Ok(Some(KeySet { kid: newest.kid.clone(), signer, verifiers, published }))
}

fn generate(now: Timestamp) -> Result<signing_key::Model> {
    let failed = |_| Error::internal("no signing key could be made");
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .map_err(failed)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref())
        .map_err(|e| Error::internal(e.to_string()))?;
    // An uncompressed point: 4, x, y.
    let point = pair.public_key().as_ref().get(1..65).ok_or_else(|| Error::internal("not a P-256 point"))?;
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[..32]), URL_SAFE_NO_PAD.encode(&point[32..]));
    let print = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let bytes =
        hex::decode(Sha256::of(print.as_bytes()).hex()).map_err(|e| Error::internal(e.to_string()))?;
    let kid = URL_SAFE_NO_PAD.encode(bytes);
    Ok(signing_key::Model {
        public_jwk: json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": ALGORITHM, "kid": kid}),
        private_key: PrivateKey(URL_SAFE_NO_PAD.encode(document.as_ref())),
        alg: ALGORITHM.to_owned(),
        kid,
        created_at: now,
        not_after: None,
    })
}

async fn insert(state: &State, txn: &WriteTxn<'_>, actor: &Actor) -> Result<String> {
    let key = generate(state.clock.now())?;
    let kid = key.kid.clone();
    signing_key::Entity::insert(key.into_active_model()).exec_without_returning(&**txn).await?;
    audit::record(&**txn, &state.clock, actor, "key.create", format!("key:{kid}"), json!({})).await?;
    Ok(kid)
}

/// Should two replicas start together they may both make one; both are published, one signs.
async fn first(state: &State) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let signing = signing_key::Entity::find().filter(signing_key::Column::NotAfter.is_null());
    if signing.count(&*txn).await? == 0 {
        insert(state, &txn, &Actor::system("first-start")).await?;
    }
    txn.commit().await
}

/// A new key signs from now on; what the old ones signed stays good until it ends by itself.
pub async fn rotate(state: &State, actor: &Actor) -> Result<String> {
    let ends = state.clock.now().plus(PUBLISHED_AFTER);
    let txn = state.db.begin_write().await?;
    signing_key::Entity::update_many()
        .col_expr(signing_key::Column::NotAfter, Expr::value(ends))
        .filter(signing_key::Column::NotAfter.is_null())
        .exec(&*txn)
        .await?;
    let kid = insert(state, &txn, actor).await?;
    txn.commit().await?;
    Ok(kid)
}

/// Keys that are over.
pub async fn forget(state: &State, txn: &WriteTxn<'_>) -> Result<()> {
    let over = signing_key::Column::NotAfter.lt(state.clock.now());
    signing_key::Entity::delete_many().filter(over).exec(&**txn).await?;
    Ok(())
}
