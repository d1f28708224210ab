//! What may be asked of the catalog, and as conditions on its rows. The list and the counts
//! beside it ask the same.
use super::facets::{self, Sets};
use crate::{
    auth::names,
    error::{Error, Result},
    http::many::{Many, Repeats},
    state::State,
};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, EntityTrait, ExprTrait, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, SimpleExpr},
};
use serde::Deserialize;
use tamis_entities::{
    catalog_entry, filter_label,
    value::{Facets, LabelKind, PluginType, Slug},
};
use tamis_verification::{HostVersion, capabilities, host_version};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatalogSort {
    /// Best hits first; without a `q`, newest first.
    #[default]
    Relevance,
    /// Last published first.
    #[serde(alias = "published")]
    Newest,
    Name,
    /// Most used first. Counts go on while pages are turned: one may be met twice.
    Downloads,
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CatalogQuery {
    /// Words of name, title, summary, labels or README; small typos are forgiven. Where nothing has all of them, what
    /// has some is found.
    #[param(max_length = 200)]
    pub q: Option<String>,
    /// In any of these namespaces. As every list here: repeated, or with commas; at most 20.
    #[serde(default)]
    #[param(value_type = Option<Vec<Slug>>)]
    pub namespace: Many<Slug>,
    /// Of any of these types.
    #[serde(default, rename = "type")]
    #[param(rename = "type", value_type = Option<Vec<PluginType>>)]
    pub plugin_type: Many<PluginType>,
    /// Of any of these ABI versions.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    pub abi: Many<String>,
    /// Under any of these licences.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    pub licence: Many<String>,
    /// Has all of these capabilities, by their ids in `/api/v1/capabilities`.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    pub capability: Many<String>,
    /// Has none of these capabilities.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    pub without: Many<String>,
    /// Loads in all of these hosts: `envoy-1.36`, `istio-1.28`, `envoy-gateway-1.6`.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    pub loads_in: Many<String>,
    #[param(max_length = 50)]
    pub label: Option<String>,
    #[param(max_length = 50)]
    pub category: Option<String>,
    #[param(inline)]
    pub sort: Option<CatalogSort>,
    /// Where the page before ended: its `next`.
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u64>,
}

impl Repeats for CatalogQuery {
    const REPEATS: &'static [&'static str] =
        &["namespace", "type", "abi", "licence", "capability", "without", "loads_in"];
}

impl CatalogQuery {
    /// What to search for, if there is anything.
    pub fn words(&self) -> Option<&str> {
        self.q.as_deref().map(str::trim).filter(|q| !q.is_empty())
    }

    /// Whether something was chosen besides words, label and category.
    pub fn is_narrowed(&self) -> bool {
        let lists = [&self.abi, &self.licence, &self.capability, &self.without, &self.loads_in];
        lists.iter().any(|list| !list.0.is_empty())
            || !self.namespace.0.is_empty()
            || !self.plugin_type.0.is_empty()
    }
}

/// What was chosen, checked: names that nothing can have are refused, not found empty.
pub struct Narrow {
    pub namespaces: Option<Vec<Uuid>>,
    pub plugin_types: Vec<PluginType>,
    pub abis: Vec<String>,
    pub licences: Vec<String>,
    pub capabilities: Vec<String>,
    pub without: Vec<String>,
    pub hosts: Vec<HostVersion>,
}

impl Narrow {
    pub async fn of(state: &State, query: &CatalogQuery) -> Result<Self> {
        let known = capabilities();
        for (field, ids) in [("capability", &query.capability.0), ("without", &query.without.0)] {
            if let Some(id) = ids.iter().find(|id| !known.iter().any(|words| words.id == **id)) {
                let detail = format!("`{id}` is no capability; /api/v1/capabilities lists them");
                return Err(Error::invalid(field, detail));
            }
        }
        let host = |name: &String| {
            let detail = || format!("`{name}` is no host that is known; write it like `envoy-1.36`");
            host_version(name).ok_or_else(|| Error::invalid("loads_in", detail()))
        };
        let hosts = query.loads_in.0.iter().map(host).collect::<Result<_>>()?;
        let mut namespaces = Vec::new();
        for handle in &query.namespace.0 {
            namespaces.extend(names::namespace(&*state.db, handle).await?.map(|(n, _)| n.id));
        }
        Ok(Self {
            namespaces: (!query.namespace.0.is_empty()).then_some(namespaces),
            plugin_types: query.plugin_type.0.clone(),
            abis: query.abi.0.clone(),
            licences: query.licence.0.clone(),
            capabilities: query.capability.0.clone(),
            without: query.without.0.clone(),
            hosts,
        })
    }

    pub async fn everything(&self, state: &State, query: &CatalogQuery) -> Result<Condition> {
        let mut all = labelled(state, query).await?.add_option(self.namespaces()).add_option(self.licences());
        if !self.plugin_types.is_empty() {
            all = all.add(catalog_entry::Column::PluginType.is_in(self.plugin_types.iter().copied()));
        }
        if !self.abis.is_empty() {
            all = all.add(catalog_entry::Column::AbiVersion.is_in(self.abis.iter().map(String::as_str)));
        }
        if !(self.capabilities.is_empty() && self.without.is_empty() && self.hosts.is_empty()) {
            let sets = facets::sets(state).await?;
            let fitting = Among::of(&sets, |facets| self.has_powers(facets));
            all = all.add(fitting.in_a_list(state).await?);
        }
        Ok(all)
    }

    pub fn namespaces(&self) -> Option<SimpleExpr> {
        self.namespaces.as_ref().map(|ids| catalog_entry::Column::NamespaceId.is_in(ids.iter().copied()))
    }

    pub fn licences(&self) -> Option<SimpleExpr> {
        let licences = self.licences.iter().map(String::as_str);
        (!self.licences.is_empty()).then(|| catalog_entry::Column::Licence.is_in(licences))
    }

    /// Can do what it must, nothing that it must not, and loads where it must.
    pub fn has_powers(&self, facets: &Facets) -> bool {
        self.capabilities.iter().all(|id| facets.capabilities.contains(id))
            && !self.without.iter().any(|id| facets.capabilities.contains(id))
            && self.hosts.iter().all(|host| facets.hosts.contains(&host.generation))
    }

    pub fn has_type(&self, facets: &Facets) -> bool {
        self.plugin_types.is_empty() || facets.plugin_type.is_some_and(|t| self.plugin_types.contains(&t))
    }

    pub fn has_licence(&self, licence: Option<&str>) -> bool {
        self.licences.is_empty() || self.licences.iter().any(|chosen| Some(chosen.as_str()) == licence)
    }

    pub fn has_abi(&self, facets: &Facets) -> bool {
        self.abis.is_empty() || facets.abi_version.as_ref().is_some_and(|abi| self.abis.contains(abi))
    }
}

/// Combinations by name: these, or all but these, whichever is shorter to say.
pub struct Among<'s> {
    ids: Vec<&'s str>,
    but: bool,
}

impl<'s> Among<'s> {
    pub fn of(sets: &'s Sets, fits: impl Fn(&Facets) -> bool) -> Self {
        let (with, without): (Vec<_>, Vec<_>) = sets.iter().partition(|(_, facets)| fits(facets));
        let but = without.len() <= with.len();
        let ids = if but { without } else { with };
        Self { ids: ids.into_iter().map(|(id, _)| id.as_str()).collect(), but }
    }

    pub fn is_everything(&self) -> bool {
        self.but && self.ids.is_empty()
    }

    /// One parameter, however many there are: names of facets hold neither spaces nor quotes. `+` keeps SQLite
    /// from looking them up.
    pub fn condition(&self, state: &State, plus: &str) -> SimpleExpr {
        let not = if self.but { "NOT " } else { "" };
        let (text, ids) = match state.db.backend() {
            DbBackend::Postgres => {
                (format!("{not}catalog_entries.facets = ANY (string_to_array($1, ' '))"), self.ids.join(" "))
            }
            _ => (
                format!("{plus}catalog_entries.facets {not}IN (SELECT value FROM json_each(?))"),
                serde_json::json!(self.ids).to_string(),
            ),
        };
        // Entries from before there were facets are among none.
        Expr::cust_with_values(format!("(catalog_entries.facets IS NOT NULL AND {text})"), [ids])
    }

    /// What few have is looked up first; what many have is met on the way through the list.
    async fn in_a_list(&self, state: &State) -> Result<SimpleExpr> {
        let found = catalog_entry::Entity::find()
            .select_only()
            .column(catalog_entry::Column::FilterId)
            .filter(self.condition(state, ""));
        let few = state.db.is_few(&found.into_query()).await?;
        Ok(self.condition(state, if few { "" } else { "+" }))
    }
}

fn labels(query: &CatalogQuery) -> impl Iterator<Item = Select<filter_label::Entity>> {
    let asked = [(LabelKind::Label, &query.label), (LabelKind::Category, &query.category)];
    asked.into_iter().filter_map(|(kind, value)| {
        let with = filter_label::Entity::find().select_only().column(filter_label::Column::FilterId);
        let value = value.as_ref()?.to_lowercase();
        Some(with.filter(filter_label::Column::Kind.eq(kind)).filter(filter_label::Column::Value.eq(value)))
    })
}

/// With the label and the category that were asked for, for a page of them.
pub async fn labelled(state: &State, query: &CatalogQuery) -> Result<Condition> {
    let mut all = Condition::all();
    for with in labels(query) {
        let few = with.clone().into_query();
        // What few have is looked up first; what many have is met on the way through the list.
        all = if state.db.is_few(&few).await? {
            all.add(catalog_entry::Column::FilterId.in_subquery(few))
        } else {
            let label = Expr::col((filter_label::Entity, filter_label::Column::FilterId));
            let here = label.equals((catalog_entry::Entity, catalog_entry::Column::FilterId));
            all.add(Expr::exists(with.filter(here).into_query()))
        };
    }
    Ok(all)
}

/// The same for all of them: what has the label is looked up, however many that are.
pub fn all_labelled(query: &CatalogQuery) -> Condition {
    let with = labels(query).map(|with| catalog_entry::Column::FilterId.in_subquery(with.into_query()));
    with.fold(Condition::all(), Condition::add)
}
