//! The keys that sign tokens: made on first use, kept in the database so that every replica has them. Of each
//! algorithm the newest key signs; the older are published until what they signed is over. Knows no token and
//! no door: who signs says with what, and for how long.
mod es256;
mod rs256;

pub use es256::Es256;
pub use rs256::Rs256;

use crate::{
    audit::{self, Actor},
    db::WriteTxn,
    error::{Error, Result},
    state::State,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tamis_entities::{
    signing_key::{self, Column, PrivateKey},
    value::{Sha256, Timestamp},
};

/// How long this process believes what it has read: a change is felt within a second.
const BELIEVED: Duration = Duration::from_secs(1);

/// A fresh key: what signs, and the members of its public JWK that are its own.
pub struct Made {
    pub private: Vec<u8>,
    pub public: Value,
}

pub trait Algorithm: Send + Sync + Sized + 'static {
    /// As JOSE calls it; tells the rows of one algorithm from those of others.
    const NAME: &'static str;
    type Signer: Send + Sync;
    type Verifier: Send + Sync;

    /// May take a part of a second of computing.
    fn generate() -> Option<Made>;
    fn signer(private: &[u8]) -> Option<Self::Signer>;
    fn verifier(public: &Value) -> Option<Self::Verifier>;
}

/// All keys of an algorithm as of one moment.
pub struct KeySet<A: Algorithm> {
    pub kid: String,
    pub signer: A::Signer,
    verifiers: HashMap<String, A::Verifier>,
    /// As JSON Web Keys, for whoever verifies.
    pub published: Vec<Value>,
}

impl<A: Algorithm> KeySet<A> {
    pub fn verifier(&self, kid: &str) -> Option<&A::Verifier> {
        self.verifiers.get(kid)
    }
}

/// The keys of one algorithm, as this process last read them.
pub struct Keys<A: Algorithm> {
    /// A key that signs no more is published for so long: nothing that it signed is good afterwards.
    published_after: Duration,
    read: Mutex<Option<(Timestamp, Arc<KeySet<A>>)>>,
}

impl<A: Algorithm> Keys<A> {
    /// For tokens that live so long at most.
    pub fn new(life: Duration) -> Self {
        Self { published_after: life.saturating_mul(2), read: Mutex::default() }
    }

    /// Not from within a write transaction: the first call makes the first key.
    pub async fn current(&self, state: &State) -> Result<Arc<KeySet<A>>> {
        let now = state.clock.now();
        let kept = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, set)) = kept
            && at > now.minus(BELIEVED)
        {
            return Ok(set);
        }
        let set = Arc::new(match load(state, now).await? {
            Some(set) => set,
            None => {
                first::<A>(state).await?;
                load(state, now).await?.ok_or_else(|| Error::internal("a signing key vanished"))?
            }
        });
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, set.clone()));
        Ok(set)
    }

    /// A new key signs from now on; what the old ones signed stays good until it ends by itself.
    pub async fn rotate(&self, state: &State, actor: &Actor) -> Result<String> {
        let now = state.clock.now();
        let key = generate::<A>(now).await?;
        let txn = state.db.begin_write().await?;
        signing_key::Entity::update_many()
            .col_expr(Column::NotAfter, Expr::value(now.plus(self.published_after)))
            .filter(signing::<A>())
            .exec(&*txn)
            .await?;
        let kid = insert(state, &txn, actor, key).await?;
        txn.commit().await?;
        Ok(kid)
    }

    /// Whether any was ever needed.
    pub async fn are_in_use(&self, state: &State) -> Result<bool> {
        Ok(signing_key::Entity::find().filter(signing::<A>()).count(&*state.db).await? > 0)
    }
}

fn signing<A: Algorithm>() -> Condition {
    Condition::all().add(Column::NotAfter.is_null()).add(Column::Alg.eq(A::NAME))
}

async fn load<A: Algorithm>(state: &State, now: Timestamp) -> Result<Option<KeySet<A>>> {
    let alive = Condition::any().add(Column::NotAfter.is_null()).add(Column::NotAfter.gt(now));
    let rows = signing_key::Entity::find().filter(alive).filter(Column::Alg.eq(A::NAME));
    let rows = rows.order_by_asc(Column::CreatedAt).order_by_asc(Column::Kid).all(&*state.db).await?;
    let Some(newest) = rows.iter().rfind(|row| row.not_after.is_none()) else { return Ok(None) };
    let damaged = || Error::internal("a signing key in the database is damaged");
    let private = URL_SAFE_NO_PAD.decode(&newest.private_key.0).map_err(|_| damaged())?;
    let signer = A::signer(&private).ok_or_else(damaged)?;
    let mut verifiers = HashMap::new();
    for row in &rows {
        verifiers.insert(row.kid.clone(), A::verifier(&row.public_jwk).ok_or_else(damaged)?);
    }
    let kid = newest.kid.clone();
    Ok(Some(KeySet { kid, signer, verifiers, published: rows.into_iter().map(|r| r.public_jwk).collect() }))
}

async fn generate<A: Algorithm>(now: Timestamp) -> Result<signing_key::Model> {
    let made = tokio::task::spawn_blocking(A::generate).await?;
    let Made { private, public } = made.ok_or_else(|| Error::internal("no signing key could be made"))?;
    let kid = thumbprint(&public)?;
    let mut jwk = public;
    jwk["kid"] = json!(kid);
    // Every member a text: Meshery reads nothing else.
    jwk["alg"] = json!(A::NAME);
    jwk["use"] = json!("sig");
    Ok(signing_key::Model {
        kid,
        public_jwk: jwk,
        private_key: PrivateKey(URL_SAFE_NO_PAD.encode(private)),
        alg: A::NAME.to_owned(),
        created_at: now,
        not_after: None,
    })
}

/// RFC 7638: the digest of the key's own members, by name, without a space.
fn thumbprint(public: &Value) -> Result<String> {
    let members: std::collections::BTreeMap<String, String> = serde_json::from_value(public.clone())?;
    let digest = Sha256::of(serde_json::to_string(&members)?.as_bytes());
    let bytes = hex::decode(digest.hex()).map_err(|e| Error::internal(e.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

async fn insert(state: &State, txn: &WriteTxn<'_>, actor: &Actor, key: signing_key::Model) -> Result<String> {
    let kid = key.kid.clone();
    signing_key::Entity::insert(key.into_active_model()).exec_without_returning(&**txn).await?;
    audit::record(&**txn, &state.clock, actor, "key.create", format!("key:{kid}"), json!({})).await?;
    Ok(kid)
}

/// Should two replicas start together they may both make one; both are published, one signs.
async fn first<A: Algorithm>(state: &State) -> Result<()> {
    let key = generate::<A>(state.clock.now()).await?;
    let txn = state.db.begin_write().await?;
    if signing_key::Entity::find().filter(signing::<A>()).count(&*txn).await? == 0 {
        insert(state, &txn, &Actor::system("first-start"), key).await?;
    }
    txn.commit().await
}

/// Keys that are over, of whichever algorithm.
pub async fn forget(state: &State, txn: &WriteTxn<'_>) -> Result<()> {
    let over = Column::NotAfter.lt(state.clock.now());
    signing_key::Entity::delete_many().filter(over).exec(&**txn).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7638, section 3.1.
    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let print = thumbprint(&json!({"kty": "RSA", "n": n, "e": "AQAB"})).unwrap();
        assert_eq!(print, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    fn signs_and_verifies<A: Algorithm>() -> (A::Signer, A::Verifier) {
        let made = A::generate().unwrap();
        (A::signer(&made.private).unwrap(), A::verifier(&made.public).unwrap())
    }

    #[test]
    fn each_algorithm_makes_keys_that_it_reads_itself() {
        let (signer, verifier) = signs_and_verifies::<Rs256>();
        let signature = signer.sign(b"message").unwrap();
        assert!(verifier.is_signed(b"message", &signature) && !verifier.is_signed(b"massage", &signature));
        signs_and_verifies::<Es256>();
    }
}
