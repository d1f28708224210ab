//! Release and options together, with every choice made: what the renderers write down.
//! Whatever cannot be is found here, so that a renderer has nothing left to refuse.
use crate::{
    ApplyTo, CodeSource, FailurePolicy, Format, Options, Pin, Point, Refusal, Release,
    schema::{self, Outcome},
    server::{Address, authority},
};
use serde_json::Value;

pub struct Plan<'a> {
    pub format: Format,
    pub release: &'a Release,
    pub options: &'a Options,
    pub point: Point,
    pub name: String,
    pub root_id: Option<&'a str>,
    pub configuration: Option<&'a Value>,
    pub failure: FailurePolicy,
    pub environment_keys: &'a [String],
    pub server: Address,
    pub code: Code,
    pub listen: Address,
    pub admin: Option<Address>,
    pub upstream: Option<Address>,
    unchecked: Option<String>,
}

/// Where the bytes come from, with the digest that belongs to that way. The two are never mixed.
pub enum Code {
    Image { name: String, manifest: String },
    Url { url: String, module: String },
    None,
}

impl<'a> Plan<'a> {
    pub fn of(
        format: Format,
        release: &'a Release,
        options: &'a Options,
        refusals: &mut Vec<Refusal>,
    ) -> Option<Self> {
        let mut asks = |field: &str, fine: bool, message: &str| {
            if !fine {
                refusals.push(Refusal::new(field, message));
            }
        };
        check_texts(format, options, &mut asks);
        let point = point(format, release, options, &mut asks);
        let address = |text: &Option<String>| text.as_deref().map(Address::of_text);
        let (listen, admin) = (address(&options.listen), address(&options.admin));
        let upstream = address(&options.upstream);
        asks(
            "listen",
            listen.as_ref().is_none_or(is_ip),
            "an IP address and a port, such as 127.0.0.1:10000",
        );
        asks("admin", admin.as_ref().is_none_or(is_ip), "an IP address and a port, such as 127.0.0.1:9901");
        asks("upstream", upstream != Some(None), "a host and a port, such as shop.internal:8080");
        let configuration = options.configuration.as_ref().or(release.sample.as_ref());
        let unchecked = check_configuration(format, release, configuration, &mut asks);
        let code = code(format, release, options, &mut asks);
        let usual = Address { host: "127.0.0.1".into(), port: 10000, tls: false };
        Some(Self {
            format,
            release,
            options,
            point: point?,
            name: options.name.clone().unwrap_or_else(|| release.filter.clone()),
            root_id: options.root_id.as_deref().or(release.root_id.as_deref()),
            configuration,
            failure: options.failure_policy.unwrap_or(FailurePolicy::Closed),
            environment_keys: options.environment_keys.as_deref().unwrap_or(&release.environment_keys),
            server: Address::of_url(&release.server)?,
            code: code?,
            listen: listen.flatten().unwrap_or(usual),
            admin: admin.flatten(),
            upstream: upstream.flatten(),
            unchecked,
        })
    }

    pub fn pin(&self) -> Pin {
        match &self.code {
            Code::Image { manifest, .. } => Pin::Manifest(manifest.clone()),
            Code::Url { module, .. } => Pin::Module(module.clone()),
            Code::None => Pin::None,
        }
    }

    /// What Envoy calls the cluster that leads here.
    pub fn cluster(&self) -> &str {
        self.options.cluster.as_deref().unwrap_or("tamis")
    }

    /// The object's name in Kubernetes, where names have no underscore.
    pub fn object(&self) -> String {
        self.name.replace('_', "-")
    }

    /// The head of the file: what it is, what it is bound to, and until when it works.
    pub fn comments(&self) -> Vec<String> {
        let release = self.release;
        let title = self.format.title();
        let mut lines =
            vec![format!("{}/{} {} for {title}", release.namespace, release.filter, release.version)];
        lines.extend(match &self.code {
            Code::Image { manifest, .. } => Some(format!("Pinned to the OCI manifest sha256:{manifest}")),
            Code::Url { module, .. } => Some(format!("Pinned to the module's bytes, sha256:{module}")),
            Code::None => None,
        });
        let secret = release.module_url.as_ref().and_then(|url| url.secret.as_ref());
        if let (Code::Url { .. }, Some((name, until))) = (&self.code, secret) {
            lines.push(format!("The URL is a secret: the capability URL \"{name}\", which ends on {until}"));
        }
        if matches!(self.code, Code::Image { .. }) && !release.public && self.options.pull_secret.is_none() {
            lines.push("The image is not public: name the secret that pulls it as pull_secret".into());
        }
        if self.names_configuration() && self.options.configuration.is_none() && release.sample.is_some() {
            lines.push("The plugin's configuration is its author's sample".into());
        }
        lines.extend(
            self.unchecked.as_ref().map(|why| format!("The plugin's configuration was not checked: {why}")),
        );
        lines
    }

    fn names_configuration(&self) -> bool {
        !matches!(self.format, Format::EnvoyCluster | Format::EnvoyEcdsBootstrap)
    }
}

#[allow(clippy::option_option, reason = "given or not, readable or not")]
fn is_ip(address: &Option<Address>) -> bool {
    address.as_ref().is_some_and(Address::is_ip)
}

fn check_texts(format: Format, options: &Options, asks: &mut impl FnMut(&str, bool, &str)) {
    const NAME: &str = "a name of Kubernetes: lower-case letters, digits, `-` and `.`, at most 253";
    let kubernetes = matches!(format, Format::Istio | Format::IstioTrafficExtension | Format::EnvoyGateway);
    let names = [("namespace", &options.namespace), ("pull_secret", &options.pull_secret)];
    for (field, name) in names {
        asks(field, name.as_deref().is_none_or(is_object_name), NAME);
    }
    if kubernetes {
        asks("name", options.name.as_deref().is_none_or(is_object_name), NAME);
        asks("root_id", options.root_id.as_ref().is_none_or(|t| t.len() <= 256), "at most 256 bytes");
    }
    for target in options.target_refs.iter().flatten() {
        let fine = is_object_name(&target.name) && !target.kind.is_empty();
        asks("target_refs", fine, "each with a kind and a name, such as Gateway/shop");
    }
    let texts = [
        ("name", &options.name),
        ("cluster", &options.cluster),
        ("ca_file", &options.ca_file),
        ("ecds_path", &options.ecds_path),
    ];
    for (field, text) in texts {
        asks(field, text.as_deref() != Some(""), "not empty");
    }
    asks("timeout_seconds", options.timeout_seconds.is_none_or(|n| (1..=3600).contains(&n)), "1 to 3600");
    asks("match_ports", options.match_ports.iter().flatten().all(|port| *port > 0), "1 to 65535");
    asks(
        "target_refs",
        options.target_refs.as_ref().is_none_or(|t| (1..=16).contains(&t.len())),
        "1 to 16 of them",
    );
    asks(
        "selector",
        options.selector.is_none() || options.target_refs.is_none(),
        "either a selector or target_refs",
    );
    let attached = options.selector.is_some() || options.target_refs.is_some();
    let (fine, message) = match options.apply_to {
        Some(ApplyTo::Workload) => (attached, "a workload needs a selector or target_refs"),
        Some(ApplyTo::Mesh | ApplyTo::Namespace) => {
            (!attached, "leave out selector and target_refs: they are for a workload")
        }
        None => (true, ""),
    };
    asks("apply_to", fine, message);
    let reloads = options.failure_policy == Some(FailurePolicy::Reload);
    asks(
        "failure_policy",
        !(reloads && format == Format::EnvoyGateway),
        "Envoy Gateway knows fail-closed and fail-open",
    );
    let taken = options.upstream.is_some() && options.cluster.as_deref() == Some("upstream");
    asks("cluster", !taken, "the cluster behind the proxy is called so; choose another name");
    asks(
        "selector",
        options.selector.iter().flatten().all(|(k, v)| is_label(k, v)),
        "labels of Kubernetes, such as app=shop",
    );
}

fn is_object_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 253 && text.starts_with(edge) && text.ends_with(edge) && text.chars().all(inner)
}

fn is_label(name: &str, value: &str) -> bool {
    let plain = |text: &str, more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    (1..=317).contains(&name.len()) && plain(name, "-_./") && value.len() <= 63 && plain(value, "-_.")
}

fn point(
    format: Format,
    release: &Release,
    options: &Options,
    asks: &mut impl FnMut(&str, bool, &str),
) -> Option<Point> {
    if format == Format::EnvoyCluster {
        return Some(Point::Http);
    }
    let Some(point) = options.point.or(release.point) else {
        let message =
            "the release declares none and its exports do not tell; say http, network, service or access-log";
        asks("type", false, message);
        return None;
    };
    let can = format.points().contains(&point);
    asks("type", can, &format!("`{format}` has no place for a module of type {}", point.as_str()));
    // It would load and do nothing.
    let other = release.point.filter(|declared| point != Point::AccessLog && *declared != point);
    if let Some(declared) = other {
        asks("type", false, &format!("the release is declared as {}", declared.as_str()));
    }
    Some(point)
}

/// Checks it where it is used; why it could not be checked, if so.
fn check_configuration(
    format: Format,
    release: &Release,
    configuration: Option<&Value>,
    asks: &mut impl FnMut(&str, bool, &str),
) -> Option<String> {
    let mesh = matches!(format, Format::Istio | Format::IstioTrafficExtension);
    let configuration =
        configuration.filter(|_| !matches!(format, Format::EnvoyCluster | Format::EnvoyEcdsBootstrap))?;
    asks("configuration", !mesh || configuration.is_object(), "Istio takes a JSON object only");
    match schema::check(release.schema.as_ref()?, configuration) {
        Outcome::Valid => None,
        Outcome::Invalid(faults) => {
            for fault in faults {
                asks("configuration", false, &fault);
            }
            None
        }
        Outcome::Unknown(why) => Some(why),
    }
}

fn code(
    format: Format,
    release: &Release,
    options: &Options,
    asks: &mut impl FnMut(&str, bool, &str),
) -> Option<Code> {
    if matches!(format, Format::EnvoyCluster | Format::EnvoyEcdsBootstrap) {
        return Some(Code::None);
    }
    let reads_images = matches!(format, Format::Istio | Format::IstioTrafficExtension | Format::EnvoyGateway);
    let by_url =
        options.source == Some(CodeSource::Http) || options.capability_url.is_some() || !reads_images;
    match (&release.manifest, by_url) {
        (Some(manifest), false) => {
            let name = format!("{}/{}/{}", authority(&release.server), release.namespace, release.filter);
            return Some(Code::Image { name, manifest: manifest.clone() });
        }
        (None, false) if options.source == Some(CodeSource::Oci) => {
            asks("source", false, "this release has no OCI manifest; take it over http");
            return None;
        }
        _ => {}
    }
    let Some(url) = &release.module_url else {
        let message = "not everyone may fetch this release, and a proxy sends no credentials here: make a capability URL (POST to `capability-urls` of the filter) and give its name";
        asks("capability_url", false, message);
        return None;
    };
    Some(Code::Url { url: url.url.clone(), module: release.module.clone() })
}
