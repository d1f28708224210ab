//! Lists of designs by page number: what somebody may see, or what is published.
use super::{project, visible};
use crate::{
    auth::Caller,
    error::{Error, Result},
    meshery::{
        catalog,
        wire::{Asked, By, Pages},
    },
    state::State,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select,
    sea_query::{CaseStatement, Expr, ExprTrait, Func, LikeExpr},
};
use serde_json::Value;
use tamis_entities::{meshery_design as design, user, value::MesheryVisibility as Seen};
use uuid::Uuid;

/// What lists are narrowed by besides words.
fn narrowed(asked: &Asked) -> Result<Condition> {
    let mut all = Condition::all();
    for word in catalog::words(asked)? {
        all = all.add(catalog::has_word((design::Entity, design::Column::CatalogData), &word));
    }
    if let Some(person) = catalog::person(asked)? {
        let theirs = user::Entity::find().select_only().column(user::Column::Id);
        let theirs = theirs.filter(user::Column::MesheryId.eq(person)).into_query();
        all = all.add(design::Column::OwnerId.in_subquery(theirs));
    }
    Ok(all)
}

/// These rows with as much of their contents as a page has room for.
async fn loaded(state: &State, rows: Select<design::Entity>) -> Result<Vec<design::Model>> {
    use design::Column::{
        CatalogData, Content, CreatedAt, Id, Location, Name, OwnerId, Request, RequestedAt, UpdatedAt,
        Visibility,
    };
    let size = Expr::expr(Func::char_length(Expr::col((design::Entity, Content)))).cast_as("bigint");
    let sizes = rows.clone().select_only().column(Id).expr_as(size, "size");
    let whole = Pages::that_fit(&sizes.into_tuple::<(Uuid, i64)>().all(&*state.db).await?);
    let content =
        CaseStatement::new().case(Id.is_in(whole), Expr::col((design::Entity, Content))).finally("");
    let columns =
        [Id, OwnerId, Name, Visibility, Location, CatalogData, Request, RequestedAt, CreatedAt, UpdatedAt];
    let rows = rows.select_only().columns(columns).expr_as(content, "content");
    Ok(rows.into_model::<design::Model>().all(&*state.db).await?)
}

async fn page_of(state: &State, within: Condition, asked: &Asked) -> Result<(Vec<Value>, u64)> {
    let (pages, order) = (asked.page()?, asked.order_among(catalog::COLUMNS)?);
    let mut all = design::Entity::find().filter(within).filter(narrowed(asked)?);
    if let Some(words) = asked.search()? {
        let escaped = words.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
        let name = Expr::expr(Func::lower(Expr::col((design::Entity, design::Column::Name))));
        all = all.filter(name.like(LikeExpr::new(format!("%{escaped}%")).escape('!')));
    }
    let total = all.clone().count(&*state.db).await?;
    let column = match order.by {
        By::Name => design::Column::Name,
        By::Created => design::Column::CreatedAt,
        By::Updated => design::Column::UpdatedAt,
    };
    let all = match order.falling {
        true => all.order_by_desc(column).order_by_desc(design::Column::Id),
        false => all.order_by_asc(column).order_by_asc(design::Column::Id),
    };
    let rows = loaded(state, all.offset(pages.offset()).limit(pages.size)).await?;
    Ok((project(state, &rows).await?, total))
}

pub async fn page(state: &State, caller: &Caller, asked: &Asked) -> Result<(Vec<Value>, u64)> {
    let mut within = Condition::all().add(visible(caller));
    let words = asked.list(&["visibility"])?;
    if !words.is_empty() {
        let wrong = |_| Error::invalid("visibility", "`private`, `public` or `published`");
        let seen: Vec<Seen> = words.iter().map(|w| w.parse().map_err(wrong)).collect::<Result<_>>()?;
        within = within.add(design::Column::Visibility.is_in(seen));
    }
    page_of(state, within, asked).await
}

pub async fn catalog_page(state: &State, asked: &Asked) -> Result<(Vec<Value>, u64)> {
    let published = Condition::all().add(design::Column::Visibility.eq(Seen::Published));
    page_of(state, published, asked).await
}
