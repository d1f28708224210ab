//! What is to be done for one deployment, asked anew when its turn comes: whoever wanted it may have lost the right,
//! and the release its standing. Sends nothing.
use super::{check, record};
use crate::{
    auth::{
        Identity,
        identity::{Via, identity},
    },
    error::{Kind, Result},
    state::State,
    targets::kinds::{Item, Removal},
};
use tamis_entities::{
    deployment, target,
    value::{MemberRole, Sha256},
};
use uuid::Uuid;

pub enum What {
    Item(Box<Item>),
    /// With whether an address in it is a secret.
    Removal(Box<Removal>, bool),
    /// Nothing ever went there.
    Nothing,
    /// Nobody can tell any more what went there.
    Lost(String),
}

/// The same for the same wanted state, for ever.
fn key(row: &deployment::Model) -> String {
    let digest = row.sha256.as_ref().map_or("none", Sha256::hex);
    let whole = format!("{}|{}|{digest}|{}", row.target_id, row.filter_id, row.revision);
    Sha256::of(whole.as_bytes()).hex()[..32].to_owned()
}

/// Or why it must not be any more.
pub async fn what(
    state: &State,
    target: &target::Model,
    row: &deployment::Model,
) -> Result<Result<What, String>> {
    let Some(who) = identity(&*state.db, row.wanted_by, Via::Operator, None).await? else {
        return Ok(
            Err("whoever asked for it has no account any more; somebody else has to ask again".into()),
        );
    };
    if who.role_in(target.namespace_id) < Some(MemberRole::Maintainer) {
        return Ok(Err(format!(
            "{} does not look after this target any more; somebody else has to ask again",
            who.handle
        )));
    }
    match row.release_id {
        Some(release) => Ok(item(state, &who, row, release).await?.map(|item| What::Item(Box::new(item)))),
        None => Ok(Ok(removal(state, row))),
    }
}

fn removal(state: &State, row: &deployment::Model) -> What {
    match record::sent(state, row) {
        Ok(None) => What::Nothing,
        Ok(Some((sent, secret))) => {
            let removal = Removal {
                deployment: row.id,
                key: key(row),
                revision: row.revision,
                wanted_at: row.wanted_at,
                namespace: row.namespace.clone(),
                filter: row.filter.clone(),
                sent,
            };
            What::Removal(Box::new(removal), secret)
        }
        Err(error) => {
            tracing::error!(deployment = %row.id, %error, "what was sent to a target cannot be opened");
            What::Lost(
                "what was sent there cannot be opened any more; was --sealing-key changed? Take it away there \
                 by hand, and forget the target"
                    .into(),
            )
        }
    }
}

async fn item(
    state: &State,
    who: &Identity,
    row: &deployment::Model,
    release: Uuid,
) -> Result<Result<Item, String>> {
    let subject = match check::subject(state, who, row.filter_id, release).await {
        Err(error) if error.kind() == Kind::NotFound => {
            return Ok(Err(format!("the release is gone, or {} may not see it any more", who.handle)));
        }
        subject => subject?,
    };
    if let Some(against) = check::against(&subject.checks) {
        return Ok(Err(against.message.clone()));
    }
    let Some((url, public)) = subject.url.clone() else { return Ok(Err("it has no address".into())) };
    Ok(Ok(Item {
        deployment: row.id,
        key: key(row),
        revision: row.revision,
        wanted_at: row.wanted_at,
        namespace: row.namespace.clone(),
        filter: row.filter.clone(),
        version: subject.release.version.clone(),
        sha256: subject.release.sha256.clone(),
        size: subject.release.size,
        url,
        public,
        network: subject.network(),
        config: row.effective.clone(),
    }))
}
