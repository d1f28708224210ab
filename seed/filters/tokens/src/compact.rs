//! The compact serialisation (RFC 7515, section 3.1), verified before it is believed.

use crate::Key;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

pub type Claims = Map<String, Value>;

/// Why a token is not accepted. The words are for the client: they give nothing away about the key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Invalid {
    Malformed,
    Algorithm,
    Signature,
}

impl Invalid {
    pub fn detail(self) -> &'static str {
        match self {
            Self::Malformed => "the token is not a JSON Web Token",
            Self::Algorithm => "the token's algorithm is not accepted",
            Self::Signature => "the token's signature does not verify",
        }
    }
}

/// Larger tokens do not fit into the headers that servers accept anyway.
const LONGEST: usize = 16 * 1024;

pub fn decode(token: &str, key: &Key) -> Result<Claims, Invalid> {
    if token.len() > LONGEST {
        return Err(Invalid::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Invalid::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(Invalid::Malformed)?;
    let header = object(header)?;
    // RFC 7515, section 4.1.11: an extension that is not understood makes the token invalid.
    if header.contains_key("crit") {
        return Err(Invalid::Algorithm);
    }
    if let Key::Hs256(secret) = key {
        if header.get("alg").and_then(Value::as_str) != Some("HS256") {
            return Err(Invalid::Algorithm);
        }
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| Invalid::Malformed)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| Invalid::Signature)?;
        mac.update(signed.as_bytes());
        mac.verify_slice(&signature).map_err(|_| Invalid::Signature)?;
    }
    object(payload)
}

fn object(part: &str) -> Result<Claims, Invalid> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Invalid::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Invalid::Malformed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn token(header: &str, payload: &str, secret: &[u8]) -> String {
        let signed =
            format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(payload));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(signed.as_bytes());
        let signature = BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        format!("{signed}.{signature}")
    }

    #[test]
    fn the_example_of_rfc_7515_appendix_a_1_verifies() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let key = Key::Hs256(BASE64_URL_SAFE_NO_PAD.decode(key).unwrap());
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                     eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
                     dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(decode(token, &key).unwrap()["iss"], "joe");
        assert_eq!(decode(&token.replace("dBjf", "dBjg"), &key), Err(Invalid::Signature));
    }

    #[test]
    fn a_token_without_a_signature_is_refused_whatever_it_calls_its_algorithm() {
        let key = Key::Hs256(vec![7; 32]);
        for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS512"}"#, r#"{"alg":"RS256"}"#, "{}"] {
            assert_eq!(decode(&token(header, "{}", &[7; 32]), &key), Err(Invalid::Algorithm));
        }
        let unsigned = format!("{}.e30.", BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#));
        assert_eq!(decode(&unsigned, &key), Err(Invalid::Signature));
    }

    #[test]
    fn critical_extensions_and_things_that_are_no_token_are_refused() {
        let key = Key::Hs256(vec![7; 32]);
        let critical = token(r#"{"alg":"HS256","crit":["exp"]}"#, "{}", &[7; 32]);
        assert_eq!(decode(&critical, &key), Err(Invalid::Algorithm));
        for text in ["", ".", "..", "a.b.c", "e30.e30", "e30.W10.AA"] {
            assert!(decode(text, &key).is_err(), "{text}");
        }
        assert_eq!(decode("e30.W10.", &Key::Unverified), Err(Invalid::Malformed));
    }
}
