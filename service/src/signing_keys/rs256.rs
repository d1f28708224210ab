//! RS256: the one kind of signature that Meshery Servers read.
use super::{Algorithm, Made};
use crate::error::{Error, Result};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeySize, PublicKeyComponents},
    signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

pub struct Rs256;

pub struct Signer(RsaKeyPair);

/// Modulus and exponent.
pub struct Verifier(Vec<u8>, Vec<u8>);

impl Algorithm for Rs256 {
    const NAME: &'static str = "RS256";
    type Signer = Signer;
    type Verifier = Verifier;

    fn generate() -> Option<Made> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
        let document: Pkcs8V1Der<'static> = pair.as_der().ok()?;
        let public = pair.public_key();
        let n = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        let e = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
        Some(Made { private: document.as_ref().to_vec(), public: json!({"kty": "RSA", "n": n, "e": e}) })
    }

    fn signer(private: &[u8]) -> Option<Signer> {
        RsaKeyPair::from_pkcs8(private).ok().map(Signer)
    }

    fn verifier(public: &Value) -> Option<Verifier> {
        let part = |name: &str| URL_SAFE_NO_PAD.decode(public[name].as_str()?).ok();
        Some(Verifier(part("n")?, part("e")?))
    }
}

impl Signer {
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        let made = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        made.map_err(|_| Error::internal("a token could not be signed"))?;
        Ok(signature)
    }
}

impl Verifier {
    pub fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = PublicKeyComponents { n: &self.0, e: &self.1 };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }
}
