//! What the reader of a configuration may choose, as they wrote it: texts of a query or members
//! of a JSON object. Each complaint names its field. Knows nothing of what is made of it.
use crate::Refusal;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fmt};

#[cfg(feature = "schema")]
use utoipa::ToSchema;

macro_rules! words {
    ($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $vdoc:literal])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(ToSchema))]
        pub enum $name { $($(#[doc = $vdoc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

words!(
    /// Where in the proxy the module runs.
    Point { Http = "http", Network = "network", Service = "service", AccessLog = "access-log" }
);
words!(
    /// What becomes of traffic when the module cannot be loaded or has trapped.
    FailurePolicy {
        /// It is refused.
        Closed = "fail-closed",
        /// It passes without the filter.
        Open = "fail-open",
        /// It is refused until a new virtual machine runs.
        Reload = "fail-reload",
    }
);
words!(
    /// From which form of the release the proxy gets the bytes.
    CodeSource { Oci = "oci", Http = "http" }
);
words!(
    /// What a Kubernetes object is to reach.
    ApplyTo { Mesh = "mesh", Namespace = "namespace", Workload = "workload" }
);
words!(IstioPhase { Authn = "AUTHN", Authz = "AUTHZ", Stats = "STATS" });
words!(TrafficMode { Client = "CLIENT", Server = "SERVER", Both = "CLIENT_AND_SERVER" });

/// A Kubernetes object that a policy attaches to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TargetRef {
    /// As the kind has it, when absent.
    pub group: Option<String>,
    pub kind: String,
    pub name: String,
}

impl TargetRef {
    pub fn group(&self) -> &str {
        let usual = match self.kind.as_str() {
            "Service" => "",
            "ServiceEntry" => "networking.istio.io",
            _ => "gateway.networking.k8s.io",
        };
        self.group.as_deref().unwrap_or(usual)
    }
}

/// Everything is optional; what a format cannot express is refused with the name of the field.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "schema", schema(as = ConfigurationOptions, example = json!({"namespace": "shop", "selector": {"app": "front"}, "failure_policy": "fail-open"})))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
pub struct Options {
    /// Where in the proxy it runs; else as the release declares.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "schema", param(rename = "type"))]
    pub point: Option<Point>,
    /// What the plugin is called in logs and statistics; the filter's name when absent.
    pub name: Option<String>,
    /// Which of several plugins in the module; else as the release declares.
    pub root_id: Option<String>,
    /// The plugin's configuration: a JSON value, or a text that is handed over as it is. The release's sample when absent. In a query it is JSON text.
    #[cfg_attr(feature = "schema", param(value_type = Option<String>))]
    pub configuration: Option<Value>,
    /// `fail-closed` when absent.
    pub failure_policy: Option<FailurePolicy>,
    /// Plugins with the same module and the same id share a virtual machine.
    pub vm_id: Option<String>,
    /// Names of variables of the proxy that the module may read; else as the release declares. In a query separated by commas.
    #[cfg_attr(feature = "schema", param(value_type = Option<String>))]
    pub environment_keys: Option<Vec<String>>,
    /// The capability URL, by its name, that the proxy fetches a release with that is not public.
    pub capability_url: Option<String>,
    /// `oci` where the format and the release have it, else `http`.
    pub source: Option<CodeSource>,
    /// What Envoy calls the cluster that leads to this server; `tamis` when absent.
    pub cluster: Option<String>,
    /// How long one fetch may take; 30 when absent.
    pub timeout_seconds: Option<u32>,
    /// The file of certificate authorities that Envoy trusts for this server.
    pub ca_file: Option<String>,
    /// Where the Envoy of the bootstrap listens; `127.0.0.1:10000` when absent.
    pub listen: Option<String>,
    /// Where its admin interface listens; there is none when absent.
    pub admin: Option<String>,
    /// `host:port` behind it; without one it answers by itself.
    pub upstream: Option<String>,
    /// Where the ECDS resource lies for the bootstrap that reads it.
    pub ecds_path: Option<String>,
    /// Namespace of the Kubernetes object.
    pub namespace: Option<String>,
    /// `workload` with a selector, `namespace` without, when absent.
    pub apply_to: Option<ApplyTo>,
    /// Labels of the workloads; in a query as `app=shop,tier=front`.
    #[cfg_attr(feature = "schema", param(value_type = Option<String>))]
    pub selector: Option<BTreeMap<String, String>>,
    /// What the policy attaches to; in a query as `Gateway/shop,HTTPRoute/api`.
    #[cfg_attr(feature = "schema", param(value_type = Option<String>))]
    pub target_refs: Option<Vec<TargetRef>>,
    /// Where Istio puts it in the chain.
    pub phase: Option<IstioPhase>,
    /// Higher comes first within a phase.
    pub priority: Option<i32>,
    /// Which traffic, seen from the workload.
    pub match_mode: Option<TrafficMode>,
    /// On which ports; in a query separated by commas.
    #[cfg_attr(feature = "schema", param(value_type = Option<String>))]
    pub match_ports: Option<Vec<u16>>,
    /// The Kubernetes secret with which an image is pulled.
    pub pull_secret: Option<String>,
}

/// Members as they came, each once.
#[derive(Debug, Default)]
pub struct Given(Map<String, Value>);

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Given;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("options by name")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Given, A::Error> {
                let mut members = Map::new();
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    if members.contains_key(&name) {
                        return Err(A::Error::custom(format!("duplicate field `{name}`")));
                    }
                    members.insert(name, value);
                }
                Ok(Given(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Given {
    /// Of a query, where the configuration is JSON text.
    pub fn of_query(mut self) -> Result<Self, Vec<Refusal>> {
        if let Some(Value::String(text)) = self.0.get("configuration") {
            let parsed = serde_json::from_str(text);
            let value =
                parsed.map_err(|e| vec![Refusal::new("configuration", format!("is no JSON: {e}"))])?;
            self.0.insert("configuration".into(), value);
        }
        Ok(self)
    }

    pub fn read(self) -> Result<Options, Vec<Refusal>> {
        let mut from = Reader { given: self.0, refusals: vec![] };
        let options = Options {
            point: from.take("type"),
            name: from.text("name"),
            root_id: from.text("root_id"),
            configuration: from.given.remove("configuration").filter(|value| !value.is_null()),
            failure_policy: from.take("failure_policy"),
            vm_id: from.text("vm_id"),
            environment_keys: from.list("environment_keys", |word| Value::from(word)),
            capability_url: from.text("capability_url"),
            source: from.take("source"),
            cluster: from.text("cluster"),
            timeout_seconds: from.number("timeout_seconds"),
            ca_file: from.text("ca_file"),
            listen: from.text("listen"),
            admin: from.text("admin"),
            upstream: from.text("upstream"),
            ecds_path: from.text("ecds_path"),
            namespace: from.text("namespace"),
            apply_to: from.take("apply_to"),
            selector: from.pairs("selector"),
            target_refs: from.list("target_refs", target_ref),
            phase: from.take("phase"),
            priority: from.number("priority"),
            match_mode: from.take("match_mode"),
            match_ports: from.list("match_ports", number),
            pull_secret: from.text("pull_secret"),
        };
        from.refusals.extend(from.given.keys().map(|name| Refusal::new(name, "there is no such option")));
        if from.refusals.is_empty() { Ok(options) } else { Err(from.refusals) }
    }
}

fn number(word: &str) -> Value {
    word.parse::<i64>().map_or_else(|_| word.into(), Value::from)
}

fn target_ref(word: &str) -> Value {
    let (kind, name) = word.split_once('/').unwrap_or(("", word));
    serde_json::json!({"kind": kind, "name": name})
}

struct Reader {
    given: Map<String, Value>,
    refusals: Vec<Refusal>,
}

impl Reader {
    fn take<T: DeserializeOwned>(&mut self, field: &str) -> Option<T> {
        let value = self.given.remove(field)?;
        match serde_json::from_value::<Option<T>>(value) {
            Ok(read) => read,
            Err(error) => {
                self.refusals.push(Refusal::new(field, error.to_string()));
                None
            }
        }
    }

    fn text(&mut self, field: &str) -> Option<String> {
        let text: String = self.take(field)?;
        if text.len() > 1024 || text.chars().any(char::is_control) {
            self.refusals.push(Refusal::new(field, "at most 1024 bytes without control characters"));
            return None;
        }
        Some(text)
    }

    fn number<T: DeserializeOwned>(&mut self, field: &str) -> Option<T> {
        if let Some(Value::String(text)) = self.given.get(field) {
            let value = number(text);
            self.given.insert(field.into(), value);
        }
        self.take(field)
    }

    fn list<T: DeserializeOwned>(&mut self, field: &str, word: impl Fn(&str) -> Value) -> Option<Vec<T>> {
        if let Some(Value::String(text)) = self.given.get(field) {
            let words = text.split(',').map(str::trim).filter(|w| !w.is_empty()).map(word).collect();
            self.given.insert(field.into(), Value::Array(words));
        }
        let list: Vec<T> = self.take(field)?;
        if list.len() > 64 {
            self.refusals.push(Refusal::new(field, "at most 64 of them"));
            return None;
        }
        Some(list)
    }

    fn pairs(&mut self, field: &str) -> Option<BTreeMap<String, String>> {
        if let Some(Value::String(text)) = self.given.get(field) {
            let pair = |word: &str| {
                let (name, value) = word.split_once('=').unwrap_or((word, ""));
                (name.trim().to_owned(), Value::from(value.trim()))
            };
            let pairs: Map<_, _> = text.split(',').filter(|w| !w.trim().is_empty()).map(pair).collect();
            self.given.insert(field.into(), Value::Object(pairs));
        }
        let pairs: BTreeMap<String, String> = self.take(field)?;
        if pairs.len() > 64 {
            self.refusals.push(Refusal::new(field, "at most 64 of them"));
            return None;
        }
        Some(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<Options, Vec<String>> {
        let given: Given = serde_json::from_value(value).unwrap();
        given.read().map_err(|refusals| refusals.into_iter().map(|r| r.field).collect())
    }

    #[test]
    fn a_query_and_a_body_say_the_same() {
        let body = json!({"type": "network", "priority": 10, "selector": {"app": "shop", "tier": "front"}, "match_ports": [80, 443],
            "environment_keys": ["A", "B"], "target_refs": [{"kind": "Gateway", "name": "shop"}]});
        let query = json!({"type": "network", "priority": "10", "selector": "app=shop, tier=front", "match_ports": "80,443",
            "environment_keys": "A,B", "target_refs": "Gateway/shop"});
        assert_eq!(read(body), read(query));
    }

    #[test]
    fn each_wrong_field_is_named() {
        let wrong = json!({"type": "tcp", "priority": "high", "match_ports": "80,x", "selector": 3, "no_such": 1, "name": "a\nb",
            "target_refs": [{"kind": "Gateway"}], "source": null});
        let fields = read(wrong).unwrap_err();
        assert_eq!(fields, ["type", "name", "selector", "target_refs", "priority", "match_ports", "no_such"]);
        assert!(serde_json::from_str::<Given>(r#"{"type": "http", "type": "http"}"#).is_err());
    }
}
