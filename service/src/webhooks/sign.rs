//! Signatures as the Standard Webhooks specification has them (version 1, symmetric): HMAC-SHA256
//! over `id.timestamp.body`, in base64. Knows nothing of rows or requests.
use crate::{
    clock,
    error::{Error, Result},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use tamis_entities::{value::Timestamp, webhook::HookSecret};
use tamis_outbound::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

const PREFIX: &str = "whsec_";

pub fn fresh() -> Result<HookSecret> {
    Ok(HookSecret(format!("{PREFIX}{}", STANDARD.encode(clock::random::<32>()?))))
}

/// `v1,<base64>`.
pub fn signature(secret: &HookSecret, id: &str, timestamp: i64, body: &str) -> Result<String> {
    let key = secret.0.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
    let key = key.ok_or_else(|| Error::internal("a webhook's secret cannot be read"))?;
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).map_err(|e| Error::internal(e.to_string()))?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// What a message carries: its id, when it was sent, and a signature for each secret.
pub fn headers(secrets: &[HookSecret], id: &str, now: Timestamp, body: &str) -> Result<HeaderMap> {
    let at = now.0.div_euclid(1_000_000);
    let signed = secrets.iter().map(|secret| signature(secret, id, at, body)).collect::<Result<Vec<_>>>()?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", at.to_string()),
        ("webhook-signature", signed.join(" ")),
    ] {
        let value = HeaderValue::from_str(&value).map_err(|e| Error::internal(e.to_string()))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let secret = HookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into());
        let signed =
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed.ok().as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }
}
