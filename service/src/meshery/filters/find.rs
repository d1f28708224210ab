//! From Meshery's id to the filter, after the check; and the release that stands for a filter.
use crate::{
    auth::{
        Caller, FilterAccess,
        access::{self, Relation, Sight, segment},
        granted::look_in_vain,
        table::{Need, Rule},
    },
    error::{Error, Result},
    state::State,
};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::{future::Future, pin::Pin};
use tamis_entities::{filter, namespace, release, value::ReleaseState};
use uuid::Uuid;

/// The filter, if the caller is to it what is needed; one that they may not see is one that is not there.
pub async fn find(state: &State, caller: &Caller, id: Uuid, need: Need) -> Result<FilterAccess> {
    let filter = filter::Entity::find().filter(filter::Column::MesheryId.eq(id)).one(&*state.db).await?;
    let home = filter.as_ref().map_or(Uuid::nil(), |f| f.namespace_id);
    let namespace = namespace::Entity::find_by_id(home).one(&*state.db).await?;
    let (Some(filter), Some(namespace)) = (filter, namespace) else {
        look_in_vain(state, caller).await?;
        return Err(Error::not_found());
    };
    let relation = Relation::find(&*state.db, caller, &filter, state.clock.now()).await?;
    let access = FilterAccess { caller: caller.clone(), namespace, filter, relation };
    // Of bytes, the releases say who may have them.
    if need != Need::ReadBytes {
        access.check(need)?;
    }
    Ok(access)
}

/// The filter whose id is in the path, as the row of the table asks for it.
pub struct ById(pub FilterAccess);

impl FromRequest for ById {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (state, caller, rule) = {
                let extensions = request.extensions();
                let state = request.app_data::<web::Data<State>>().cloned();
                (state, extensions.get::<Caller>().cloned(), extensions.get::<Rule>().copied())
            };
            let (Some(state), Some(caller), Some(rule)) = (state, caller, rule) else {
                return Err(Error::internal("a handler ran without the authorisation middleware"));
            };
            Ok(Self(find(&state, &caller, segment(&request, "id")?, rule.need).await?))
        })
    }
}

/// The newest release whose bytes the caller may have, and one that is held back from them.
async fn best(
    state: &State,
    access: &FilterAccess,
) -> Result<(Option<release::Model>, Option<release::Model>)> {
    let all = release::Entity::find().filter(release::Column::FilterId.eq(access.filter.id));
    let (mut open, mut barred) = (vec![], None);
    for release in all.all(&*state.db).await? {
        match access.relation.sight(&access.filter, &release) {
            Sight::Bytes if release.state != ReleaseState::Quarantined => open.push(release),
            Sight::Nothing => {}
            _ => barred = Some(release),
        }
    }
    // A yanked one stands for the filter only where nothing else does.
    let rank = |r: &release::Model| (r.state != ReleaseState::Yanked, r.version.semver());
    Ok((open.into_iter().max_by_key(rank), barred))
}

/// The release that stands for the filter, if there is one to be had.
pub async fn newest(state: &State, access: &FilterAccess) -> Result<Option<release::Model>> {
    Ok(best(state, access).await?.0)
}

/// The same for who wants its bytes: where all are held back, they are told why.
pub async fn wanted(state: &State, access: &FilterAccess) -> Result<release::Model> {
    let none = "this filter has no file that you may have; save one first";
    match best(state, access).await? {
        (Some(release), _) => Ok(release),
        (None, Some(release)) => access::check_release(access, &release, Need::ReadBytes).map(|()| release),
        (None, None) => {
            access.check(Need::ReadFilter)?;
            Err(Error::conflict("nothing-to-download", none))
        }
    }
}
