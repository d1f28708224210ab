//! Signatures as the Standard Webhooks specification has them (version 1, symmetric): HMAC-SHA256
//! over `id.timestamp.body`, in base64. Knows nothing of rows or requests.
use crate::{
    clock,
    error::{Error, Result},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use tamis_entities::webhook::HookSecret;

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
