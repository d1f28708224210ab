//! Release and options together, with every choice made: what the renderers write down.
//! Whatever cannot be is found here, so that a renderer has nothing left to refuse.
use crate::{
    CodeSource, FailurePolicy, Format, Options, Pin, Point, Refusal, Release, checks,
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
    /// Each once: readers refuse a list that names one twice.
    pub environment_keys: Vec<&'a str>,
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
        checks::options(format, options, &mut asks);
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
        let unchecked = check_configuration(format, release, options, &mut asks);
        let code = code(format, release, options, &mut asks);
        let usual = Address { host: "127.0.0.1".into(), port: 10000, tls: false };
        Some(Self {
            format,
            release,
            options,
            point: point?,
            name: options.name.clone().unwrap_or_else(|| release.filter.clone()),
            // Left out where it is empty: it is the same to Envoy, and others take none of no letters.
            root_id: options.root_id.as_deref().or(release.root_id.as_deref()).filter(|id| !id.is_empty()),
            configuration,
            failure: options.failure_policy.unwrap_or(FailurePolicy::Closed),
            environment_keys: each_once(
                options.environment_keys.as_ref().unwrap_or(&release.environment_keys),
            ),
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

fn each_once(keys: &[String]) -> Vec<&str> {
    let mut once: Vec<&str> = vec![];
    for key in keys {
        if !once.contains(&key.as_str()) {
            once.push(key);
        }
    }
    once
}

#[allow(clippy::option_option, reason = "given or not, readable or not")]
fn is_ip(address: &Option<Address>) -> bool {
    address.as_ref().is_some_and(Address::is_ip)
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
    options: &Options,
    asks: &mut impl FnMut(&str, bool, &str),
) -> Option<String> {
    if matches!(format, Format::EnvoyCluster | Format::EnvoyEcdsBootstrap) {
        return None;
    }
    let mesh = matches!(format, Format::Istio | Format::IstioTrafficExtension);
    let configuration = options.configuration.as_ref().or(release.sample.as_ref())?;
    asks("configuration", !mesh || configuration.is_object(), "Istio takes a JSON object only");
    let schema = release.schema.as_ref()?;
    let fresh;
    let outcome = match &options.configuration {
        Some(given) => {
            fresh = schema::check(schema, given);
            &fresh
        }
        None => release.sample_fits.get_or_init(|| schema::check(schema, configuration)),
    };
    match outcome {
        Outcome::Valid => None,
        Outcome::Invalid(faults) => {
            for fault in faults {
                asks("configuration", false, fault);
            }
            None
        }
        Outcome::Unknown(why) => Some(why.clone()),
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
        if let Some(why) = &release.stopped {
            asks(
                "source",
                false,
                &format!("{why}, so no proxy gets them by their digest; use another version"),
            );
            return None;
        }
        let message = "not everyone may fetch this release, and a proxy sends no credentials here: make a capability URL (POST to `capability-urls` of the filter) and give its name";
        asks("capability_url", false, message);
        return None;
    };
    Some(Code::Url { url: url.url.clone(), module: release.module.clone() })
}
