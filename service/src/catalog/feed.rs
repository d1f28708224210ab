//! Atom feeds (RFC 4287) of what was published last: of the catalog, and of each namespace in it.
//! For everyone, so they say nothing but what everyone may read.
use crate::{
    auth::names,
    console::parts::escape,
    error::{Error, Result},
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::Expr};
use std::{collections::HashMap, fmt::Write};
use tamis_entities::{
    filter, namespace, release,
    value::{Slug, Timestamp},
};

/// Entries of a feed; readers ask more often than so many are published.
const MOST: u64 = 50;

/// Where a feed is, and what it is called.
struct Feed {
    title: String,
    address: String,
}

pub async fn of_catalog(state: &State) -> Result<String> {
    let feed =
        Feed { title: "Tamis: published filters".into(), address: format!("{}/feed.atom", state.public_url) };
    let newest = newest(state, None).await?;
    write(state, &feed, &newest).await
}

/// A namespace that has published nothing looks like one that is not there.
pub async fn of_namespace(state: &State, handle: &Slug) -> Result<String> {
    let (home, _) = names::namespace(&*state.db, handle).await?.ok_or_else(Error::not_found)?;
    let newest = newest(state, Some(&home)).await?;
    if newest.is_empty() {
        return Err(Error::not_found());
    }
    let feed = Feed {
        title: format!("Tamis: filters of {}", home.handle),
        address: format!("{}/filters/{}/feed.atom", state.public_url, home.handle),
    };
    write(state, &feed, &newest).await
}

async fn newest(state: &State, home: Option<&namespace::Model>) -> Result<Vec<release::Model>> {
    // A constant in the text: only that proves that a partial index will do.
    let mut rows = release::Entity::find().filter(Expr::cust("releases.state = 'published'"));
    if let Some(home) = home {
        let filters = filter::Entity::find()
            .select_only()
            .column(filter::Column::Id)
            .filter(filter::Column::NamespaceId.eq(home.id));
        rows = rows.filter(release::Column::FilterId.in_subquery(filters.into_query()));
    }
    let rows = rows.order_by_desc(release::Column::PublishedAt).order_by_desc(release::Column::Id);
    Ok(rows.limit(MOST).all(&*state.db).await?)
}

/// Text that XML 1.0 takes: it has no way to write most control characters.
fn text(given: &str) -> String {
    let fit = |c: &char| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    escape(&given.chars().filter(fit).collect::<String>())
}

async fn write(state: &State, feed: &Feed, releases: &[release::Model]) -> Result<String> {
    let ids = releases.iter().map(|r| r.filter_id);
    let filters = filter::Entity::find().filter(filter::Column::Id.is_in(ids)).all(&*state.db).await?;
    let homes = crate::filters::view::handles(&*state.db, filters.iter().map(|f| f.namespace_id)).await?;
    let filters: HashMap<_, _> = filters.into_iter().map(|f| (f.id, f)).collect();
    let updated = releases.iter().filter_map(|r| r.published_at).max().unwrap_or(Timestamp(0));
    let (title, address) = (text(&feed.title), text(&feed.address));
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
        <id>{address}</id>\n<title>{title}</title>\n<updated>{updated}</updated>\n\
        <link rel=\"self\" type=\"application/atom+xml\" href=\"{address}\"/>\n\
        <link rel=\"alternate\" type=\"text/html\" href=\"{}/\"/>\n\
        <author><name>Tamis</name></author>\n",
        text(&state.public_url)
    );
    for release in releases {
        let Some(filter) = filters.get(&release.filter_id) else { continue };
        let Some(home) = homes.get(&filter.namespace_id) else { continue };
        entry(&mut xml, state, home, filter, release);
    }
    xml.push_str("</feed>\n");
    Ok(xml)
}

fn entry(xml: &mut String, state: &State, home: &Slug, filter: &filter::Model, release: &release::Model) {
    let (base, version) = (text(&state.public_url), text(release.version.as_str()));
    let summary = release.approved.as_ref().map_or("", |a| a.summary.as_str());
    let at = release.published_at.unwrap_or(release.created_at);
    let _ = write!(
        xml,
        "<entry>\n<id>urn:uuid:{}</id>\n<title>{home}/{} {version}</title>\n\
        <published>{at}</published>\n<updated>{at}</updated>\n<author><name>{home}</name></author>\n\
        <summary>{}</summary>\n\
        <link rel=\"alternate\" type=\"text/html\" href=\"{base}/filters/{home}/{}?version={version}\"/>\n\
        <link rel=\"enclosure\" type=\"application/wasm\" length=\"{}\" href=\"{base}/modules/sha256/{}.wasm\"/>\n</entry>\n",
        release.id,
        filter.name,
        text(summary),
        filter.name,
        release.size,
        release.sha256.hex(),
    );
}
