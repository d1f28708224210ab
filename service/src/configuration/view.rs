//! How the formats of a release look from outside.
use super::Offer;
use crate::http::problem::ProblemField;
use serde::Serialize;
use tamis_entities::value::Sha256;
use tamis_formats::{Format, Pin};
use utoipa::ToSchema;

/// A configuration that a release can be had as.
#[derive(Serialize, ToSchema)]
pub struct FormatView {
    pub format: Format,
    /// For people.
    pub title: &'static str,
    pub link: String,
    /// What its reader compares what it fetched with. Null where it names no module, or is not ready.
    pub pin: Option<PinView>,
    /// What has to be chosen before it can be rendered; empty when it is ready as it is.
    pub errors: Vec<ProblemField>,
}

#[derive(Serialize, ToSchema)]
pub struct PinView {
    /// The form of the release that this digest is of: `raw` is the module's bytes, `oci-compat` the image's manifest.
    pub form: &'static str,
    pub digest: String,
}

impl PinView {
    fn of(pin: &Pin) -> Option<Self> {
        let (form, hex) = match pin {
            Pin::Module(hex) => ("raw", hex),
            Pin::Manifest(hex) => ("oci-compat", hex),
            Pin::None => return None,
        };
        let digest: Sha256 = hex.parse().ok()?;
        Some(Self { form, digest: digest.digest() })
    }
}

impl FormatView {
    pub fn of(offer: Offer, base: &str) -> Self {
        let (pin, refusals) = match offer.rendered {
            Ok(rendered) => (PinView::of(&rendered.pin), vec![]),
            Err(refusals) => (None, refusals),
        };
        Self {
            format: offer.format,
            title: offer.format.title(),
            link: format!("{base}/{}", offer.format),
            pin,
            errors: refusals
                .into_iter()
                .map(|r| ProblemField { field: r.field, message: r.message })
                .collect(),
        }
    }
}
