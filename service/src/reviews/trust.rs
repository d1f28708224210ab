//! Trust roots of the policy: public keys whose signatures count, and for which namespaces. Pure: what was
//! signed where is `checks/signatures.rs`' to find out.
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use tamis_entities::value::Slug;
use utoipa::ToSchema;

/// What cosign makes of a key of each of these kinds.
const ALGORITHMS: [&'static dyn VerificationAlgorithm; 3] =
    [&ECDSA_P256_SHA256_ASN1, &ED25519, &RSA_PKCS1_2048_8192_SHA256];

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SignaturePolicy {
    /// Without any for a namespace, no signature of it is judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trust_roots: Vec<TrustRoot>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustRoot {
    /// What curators read.
    pub name: String,
    /// Where it counts; none: everywhere.
    #[serde(default)]
    pub namespaces: Vec<Slug>,
    /// A public key as PEM (`BEGIN PUBLIC KEY`): ECDSA P-256, Ed25519, or RSA of 2048 bits and more.
    pub key: String,
}

impl TrustRoot {
    /// Why it cannot be used: the field, and what is wrong with it.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        if self.name.trim().is_empty() || self.name.len() > 100 {
            return Some(("name", "1 to 100 bytes"));
        }
        match self.public_key() {
            None => Some(("key", "a PEM public key: ECDSA P-256, Ed25519 or RSA of 2048 bits and more")),
            Some(_) => None,
        }
    }

    pub fn is_for(&self, namespace: &Slug) -> bool {
        self.namespaces.is_empty() || self.namespaces.contains(namespace)
    }

    fn public_key(&self) -> Option<ParsedPublicKey> {
        let lines: Vec<_> = self.key.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let [first, body @ .., last] = lines.as_slice() else { return None };
        if *first != "-----BEGIN PUBLIC KEY-----" || *last != "-----END PUBLIC KEY-----" {
            return None;
        }
        let der = STANDARD.decode(body.concat()).ok()?;
        ALGORITHMS.into_iter().find_map(|algorithm| ParsedPublicKey::new(algorithm, &der).ok())
    }

    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.public_key().is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }
}
