//! One filter of the catalog, as a card or a row shows it.
use crate::{
    catalog::view::CatalogItem,
    console::{
        figures, grain, hosts,
        parts::marked,
        powers::{self, COLUMNS, POWERS, Power},
    },
    error::Result,
    modules::store,
    state::State,
};
use askama::filters::Safe;
use tamis_verification::Report;

/// Chips on a card; the rest is a number.
const CHIPS: usize = 3;

pub struct Tile {
    pub item: CatalogItem,
    pub name: Safe<String>,
    pub summary: Safe<String>,
    pub age: String,
    pub downloads: String,
    powers: Vec<&'static Power>,
    report: Option<Report>,
}

impl Tile {
    pub fn grain(&self, size: &str) -> Safe<String> {
        grain::grain(&self.item.digest, self.item.namespace.as_str(), size)
    }

    pub fn link(&self) -> String {
        format!("/filters/{}/{}", self.item.namespace, self.item.name)
    }

    pub fn chips(&self) -> &[&'static Power] {
        &self.powers[..self.powers.len().min(CHIPS)]
    }

    pub fn further(&self) -> usize {
        self.powers.len().saturating_sub(CHIPS)
    }

    /// The six that every row has, and whether this filter has them.
    pub fn columns(&self) -> impl Iterator<Item = (&'static Power, bool)> + '_ {
        POWERS[..COLUMNS].iter().map(|power| (power, power.is_given_by(&self.item.capabilities)))
    }

    pub fn size(&self) -> String {
        self.report.as_ref().map_or_else(String::new, |report| figures::size(report.size))
    }

    /// Nothing when it is not known.
    pub fn loads(&self) -> Option<String> {
        self.report.as_ref().map(hosts::line)
    }

    pub fn loads_in(&self, host: &str) -> Option<String> {
        self.report.as_ref().and_then(|report| hosts::cell(report, host))
    }

    pub fn kind(&self) -> &'static str {
        use tamis_entities::value::PluginType::*;
        match self.item.plugin_type {
            Some(Http) => "HTTP",
            Some(Network) => "Network",
            Some(Service) => "Service",
            None => "Undeclared",
        }
    }
}

/// All of a page with one more query, for their reports.
pub async fn tiles(state: &State, items: Vec<CatalogItem>, words: &[String]) -> Result<Vec<Tile>> {
    let wanted = items.iter().map(|item| (item.digest.clone(), item.plugin_type));
    let reports = store::reports_in(&*state.db, wanted.collect()).await?;
    let now = state.clock.now();
    let tile = |item: CatalogItem| Tile {
        name: marked(item.name.as_str(), words),
        summary: marked(&item.summary, words),
        age: figures::span(&item.published_at, &now),
        downloads: figures::count(item.downloads),
        powers: powers::of(&item.capabilities),
        report: reports.get(&(item.digest.clone(), item.plugin_type)).cloned(),
        item,
    };
    Ok(items.into_iter().map(tile).collect())
}
