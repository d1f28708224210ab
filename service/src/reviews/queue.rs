//! Which reviews a person finds in the list. Oldest first: it is a queue.
use super::view::{self, ReviewItem};
use crate::{
    auth::Identity,
    error::Result,
    filters::list::insider,
    http::page::{Cursors, Page, PageQuery},
    state::State,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QuerySelect, QueryTrait};
use serde::Deserialize;
use tamis_entities::{
    filter, review,
    value::{MemberRole, ReviewState},
};
use utoipa::IntoParams;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReviewQuery {
    pub state: Option<ReviewState>,
    /// Where the page before ended: its `next`.
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u64>,
}

/// Curators see all; others what they submitted and what concerns filters that they may write.
pub async fn list(state: &State, who: &Identity, query: ReviewQuery) -> Result<Page<ReviewItem>> {
    let context = format!("reviews|{}|{:?}", who.id, query.state);
    let cursors = Cursors { key: &state.secret, context };
    let mut rows = review::Entity::find();
    if !who.is_curator() {
        let writes =
            who.teams.iter().filter(|(_, role)| *role >= MemberRole::Maintainer).map(|(team, _)| *team);
        let own = filter::Entity::find()
            .select_only()
            .column(filter::Column::Id)
            .filter(filter::Column::NamespaceId.is_in(writes.chain([who.id])))
            .into_query();
        let seen = filter::Entity::find()
            .select_only()
            .column(filter::Column::Id)
            .filter(insider(who, state.clock.now()))
            .into_query();
        let mine = Condition::all()
            .add(review::Column::SubmittedBy.eq(who.id))
            .add(review::Column::FilterId.in_subquery(seen));
        rows = rows.filter(Condition::any().add(mine).add(review::Column::FilterId.in_subquery(own)));
    }
    if let Some(within) = who.within() {
        let covered = filter::Entity::find().select_only().column(filter::Column::Id).filter(within);
        rows = rows.filter(review::Column::FilterId.in_subquery(covered.into_query()));
    }
    if let Some(state) = query.state {
        rows = rows.filter(review::Column::State.eq(state));
    }
    let page = PageQuery { after: query.after, limit: query.limit };
    let (rows, next) = cursors.by_id(&*state.db, rows, review::Column::Id, Order::Asc, &page).await?;
    Ok(Page { items: view::items(state, rows).await?, next })
}
