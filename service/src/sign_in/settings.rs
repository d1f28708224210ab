//! The sign-in file: which providers there are and what each may open. Checked whole at start;
//! an error names the file, the table and the field. Knows no HTTP and no database.
use crate::error::{Error, Result};
use openidconnect::{ClientId, ClientSecret, IssuerUrl};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};
use tamis_entities::value::{MemberRole, Role, Slug};
use url::Url;

#[derive(Clone, Debug)]
pub struct Settings {
    pub oidc: Vec<Oidc>,
    pub github: Option<GitHub>,
    /// Whether local accounts sign in with a password. One-time links always work.
    pub local: bool,
}

#[derive(Clone, Debug)]
pub struct Oidc {
    pub id: Slug,
    pub name: String,
    pub issuer: IssuerUrl,
    pub client_id: ClientId,
    pub client_secret: ClientSecret,
    pub scopes: Vec<String>,
    pub groups_claim: String,
    pub rules: Rules,
}

#[derive(Clone, Debug)]
pub struct GitHub {
    pub client_id: ClientId,
    pub client_secret: ClientSecret,
    /// Where people sign in; another base for GitHub Enterprise.
    pub url: Url,
    pub api_url: Url,
    pub allowed_orgs: Vec<String>,
    pub rules: Rules,
}

/// Who may come in through a provider, and what its groups give them here.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Whether somebody without an account gets one.
    pub allow_sign_up: bool,
    /// Domains of verified addresses, in lower case; empty: any address, or none.
    pub allowed_domains: Vec<String>,
    /// Only members of a group that is mapped.
    pub require_group: bool,
    /// Group, team, role in it.
    pub teams: Vec<(String, Slug, MemberRole)>,
    /// Group, role of the instance.
    pub roles: Vec<(String, Role)>,
}

impl Oidc {
    pub fn key(&self) -> String {
        format!("oidc:{}", self.id)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OidcTable {
    id: String,
    name: String,
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
    client_secret_file: Option<PathBuf>,
    scopes: Option<Vec<String>>,
    groups_claim: Option<String>,
    #[serde(default)]
    allow_sign_up: bool,
    #[serde(default)]
    allowed_domains: Vec<String>,
    #[serde(default)]
    require_group: bool,
    #[serde(default)]
    teams: BTreeMap<String, String>,
    #[serde(default)]
    roles: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GitHubTable {
    client_id: String,
    client_secret: Option<String>,
    client_secret_file: Option<PathBuf>,
    url: Option<String>,
    api_url: Option<String>,
    #[serde(default)]
    allowed_orgs: Vec<String>,
    #[serde(default)]
    allow_sign_up: bool,
    #[serde(default)]
    allowed_domains: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LocalTable {
    enabled: bool,
}

/// A table of the file, for messages.
struct Place<'a> {
    file: &'a Path,
    table: String,
}

impl Place<'_> {
    fn wrong(&self, field: &str, message: impl std::fmt::Display) -> Error {
        let text = format!("{}: {}: `{field}`: {message}", self.file.display(), self.table);
        Error::invalid("--sign-in", text)
    }

    fn parse<T: serde::de::DeserializeOwned>(&self, value: &toml::Value) -> Result<T> {
        value.clone().try_into().map_err(|e: toml::de::Error| {
            let said = e.to_string().trim().replace('\n', " ");
            Error::invalid("--sign-in", format!("{}: {}: {said}", self.file.display(), self.table))
        })
    }

    fn secret(&self, text: Option<String>, path: Option<PathBuf>) -> Result<ClientSecret> {
        let secret = match (text, path) {
            (Some(text), None) => match text.strip_prefix("env:") {
                Some(name) => std::env::var(name).map_err(|_| {
                    self.wrong("client_secret", format!("the environment has no variable `{name}`"))
                })?,
                None => text,
            },
            (None, Some(path)) => std::fs::read_to_string(&path)
                .map_err(|e| self.wrong("client_secret_file", format!("{}: {e}", path.display())))?
                .trim_end()
                .to_owned(),
            _ => {
                let help = "give either `client_secret` (or \"env:NAME\") or `client_secret_file`";
                return Err(self.wrong("client_secret", help));
            }
        };
        match secret.is_empty() {
            true => Err(self.wrong("client_secret", "is empty")),
            false => Ok(ClientSecret::new(secret)),
        }
    }

    fn filled(&self, field: &str, text: String) -> Result<String> {
        match text.trim().is_empty() || text.len() > 500 {
            true => Err(self.wrong(field, "1 to 500 characters")),
            false => Ok(text),
        }
    }

    /// https, or http on this machine.
    fn base(&self, field: &str, text: &str) -> Result<Url> {
        let url: Url = text.parse().map_err(|e| self.wrong(field, e))?;
        let local = url.scheme() == "http" && super::browser::is_loopback(text);
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        match plain && (url.scheme() == "https" || local) {
            true => Ok(url),
            false => Err(self.wrong(field, "an https URL without query, fragment and user")),
        }
    }

    fn domains(&self, given: Vec<String>) -> Result<Vec<String>> {
        let bad = |d: &&String| d.is_empty() || d.contains(['@', '/', ' ', '*']);
        match given.iter().find(bad) {
            Some(domain) => Err(self.wrong("allowed_domains", format!("`{domain}` is no domain"))),
            None => Ok(given.iter().map(|d| d.to_ascii_lowercase()).collect()),
        }
    }

    fn teams(&self, given: BTreeMap<String, String>) -> Result<Vec<(String, Slug, MemberRole)>> {
        let mut teams = vec![];
        for (group, targets) in given {
            for target in targets.split(',') {
                let wrong = || self.wrong("teams", format!("`{group}`: write it as \"team:role\""));
                let (team, role) = target.trim().split_once(':').ok_or_else(wrong)?;
                let named = |e| self.wrong("teams", format!("`{group}`: {e}"));
                teams.push((group.clone(), team.parse().map_err(named)?, role.parse().map_err(named)?));
            }
        }
        Ok(teams)
    }

    fn roles(&self, given: BTreeMap<String, String>) -> Result<Vec<(String, Role)>> {
        let one = |(group, role): (String, String)| match role.as_str() {
            "curator" => Ok((group, Role::Curator)),
            "admin" => Ok((group, Role::Admin)),
            _ => Err(self.wrong("roles", format!("`{group}`: a role is \"curator\" or \"admin\""))),
        };
        given.into_iter().map(one).collect()
    }
}

impl Settings {
    /// Without a file: local accounts and one-time links.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let Some(file) = file else { return Ok(Self { oidc: vec![], github: None, local: true }) };
        let unreadable = |e| Error::invalid("--sign-in", format!("{}: {e}", file.display()));
        Self::parse(file, &std::fs::read_to_string(file).map_err(unreadable)?)
    }

    pub fn parse(file: &Path, text: &str) -> Result<Self> {
        // The library's own rendering shows the line, which may hold a secret.
        let top: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            let line = e.span().map_or(1, |s| text.get(..s.start).unwrap_or(text).matches('\n').count() + 1);
            Error::invalid("--sign-in", format!("{}: line {line}: {}", file.display(), e.message()))
        })?;
        let place = |table: &str| Place { file, table: table.to_owned() };
        let known = ["oidc", "github", "local"];
        if let Some(other) = top.keys().find(|k| !known.contains(&k.as_str())) {
            let help = "tables are [[oidc]], [github] and [local]";
            return Err(Error::invalid("--sign-in", format!("{}: `{other}`: {help}", file.display())));
        }
        let local = top.get("local").map(|v| place("[local]").parse::<LocalTable>(v)).transpose()?;
        let github = top.get("github").map(|v| github(&place("[github]"), v)).transpose()?;
        let tables = match top.get("oidc") {
            None => &vec![],
            Some(toml::Value::Array(tables)) => tables,
            Some(_) => return Err(place("[[oidc]]").wrong("oidc", "write [[oidc]], with two brackets")),
        };
        let mut issuers = vec![];
        let mut ids = BTreeSet::new();
        for (at, value) in tables.iter().enumerate() {
            let id = value.get("id").and_then(toml::Value::as_str);
            let name = id.map_or_else(|| format!("number {}", at + 1), |id| format!("`{id}`"));
            let place = place(&format!("[[oidc]] {name}"));
            let issuer = oidc(&place, value)?;
            if !ids.insert(issuer.id.clone()) {
                return Err(place.wrong("id", "another issuer has this id"));
            }
            issuers.push(issuer);
        }
        Ok(Self { oidc: issuers, github, local: local.is_none_or(|l| l.enabled) })
    }

    pub fn oidc(&self, id: &str) -> Option<&Oidc> {
        self.oidc.iter().find(|p| p.id.as_str() == id)
    }

    /// What people call a provider; one that is no longer configured is called by its key.
    pub fn name_of<'a>(&'a self, key: &'a str) -> &'a str {
        match key.strip_prefix("oidc:") {
            Some(id) => self.oidc(id).map_or(key, |p| &p.name),
            None if key == "github" => "GitHub",
            None => key,
        }
    }
}

fn oidc(place: &Place<'_>, value: &toml::Value) -> Result<Oidc> {
    let table: OidcTable = place.parse(value)?;
    place.base("issuer", &table.issuer)?;
    let id = table.id.parse().map_err(|e| place.wrong("id", e))?;
    let rules = Rules {
        allow_sign_up: table.allow_sign_up,
        allowed_domains: place.domains(table.allowed_domains)?,
        require_group: table.require_group,
        teams: place.teams(table.teams)?,
        roles: place.roles(table.roles)?,
    };
    if rules.require_group && rules.teams.is_empty() && rules.roles.is_empty() {
        return Err(place.wrong("require_group", "needs groups in `teams` or `roles`"));
    }
    let default_scopes = || ["email", "profile"].map(str::to_owned).to_vec();
    Ok(Oidc {
        id,
        name: place.filled("name", table.name)?,
        // Exactly as written: an issuer is compared letter by letter.
        issuer: IssuerUrl::new(table.issuer).map_err(|e| place.wrong("issuer", e))?,
        client_id: ClientId::new(place.filled("client_id", table.client_id)?),
        client_secret: place.secret(table.client_secret, table.client_secret_file)?,
        scopes: table.scopes.unwrap_or_else(default_scopes),
        groups_claim: place.filled("groups_claim", table.groups_claim.unwrap_or("groups".into()))?,
        rules,
    })
}

fn github(place: &Place<'_>, value: &toml::Value) -> Result<GitHub> {
    let table: GitHubTable = place.parse(value)?;
    let url = place.base("url", table.url.as_deref().unwrap_or("https://github.com"))?;
    let api_url = match &table.api_url {
        Some(api) => place.base("api_url", api)?,
        None if table.url.is_none() => place.base("api_url", "https://api.github.com")?,
        None => return Err(place.wrong("api_url", "goes with `url`; GitHub Enterprise has it at /api/v3")),
    };
    Ok(GitHub {
        client_id: ClientId::new(place.filled("client_id", table.client_id)?),
        client_secret: place.secret(table.client_secret, table.client_secret_file)?,
        url,
        api_url,
        allowed_orgs: table.allowed_orgs,
        rules: Rules {
            allow_sign_up: table.allow_sign_up,
            allowed_domains: place.domains(table.allowed_domains)?,
            ..Rules::default()
        },
    })
}
