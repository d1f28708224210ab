//! ES256: small signatures, for tokens that our own doors and the registry's clients read.
use super::{Algorithm, KeySet, Made};
use crate::error::{Error, Result};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey, Header};
use serde::Serialize;
use serde_json::{Value, json};

pub struct Es256;

impl Algorithm for Es256 {
    const NAME: &'static str = "ES256";
    type Signer = EncodingKey;
    type Verifier = DecodingKey;

    fn generate() -> Option<Made> {
        let of = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(of, &SystemRandom::new()).ok()?;
        let pair = EcdsaKeyPair::from_pkcs8(of, document.as_ref()).ok()?;
        // An uncompressed point: 4, x, y.
        let (x, y) = pair.public_key().as_ref().get(1..65)?.split_at_checked(32)?;
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let public = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
        Some(Made { private: document.as_ref().to_vec(), public })
    }

    fn signer(private: &[u8]) -> Option<EncodingKey> {
        Some(EncodingKey::from_ec_der(private))
    }

    fn verifier(public: &Value) -> Option<DecodingKey> {
        DecodingKey::from_ec_components(public["x"].as_str()?, public["y"].as_str()?).ok()
    }
}

impl KeySet<Es256> {
    pub fn sign<T: Serialize>(&self, kind: &str, claims: &T) -> Result<String> {
        let mut header = Header::new(jsonwebtoken::Algorithm::ES256);
        header.typ = Some(kind.to_owned());
        header.kid = Some(self.kid.clone());
        let signed = jsonwebtoken::encode(&header, claims, &self.signer);
        signed.map_err(|e| Error::internal(format!("a token could not be signed: {e}")))
    }
}
