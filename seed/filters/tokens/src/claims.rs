//! Checks of claims (RFC 7519, section 4.1) against what the operator expects.

use crate::Claims;
use serde_json::Value;
use std::collections::BTreeMap;

pub struct Expected {
    pub issuer: Option<String>,
    pub audience: Vec<String>,
    pub leeway_seconds: u64,
    pub require_expiry: bool,
    /// Claim to accepted values; no value means that the claim only has to be there.
    pub required: BTreeMap<String, Vec<Value>>,
}

/// A claim that does not fit.
#[derive(Debug, PartialEq)]
pub enum Unmet {
    /// The token is not valid here or now: 401.
    Token(String),
    /// It is valid, but does not allow this: 403.
    Requirement(String),
}

impl Expected {
    /// `now` is in seconds since 1970.
    pub fn check(&self, claims: &Claims, now: u64) -> Result<(), Unmet> {
        self.check_times(claims, now)?;
        if let Some(issuer) = &self.issuer
            && claims.get("iss").and_then(Value::as_str) != Some(issuer)
        {
            return Err(Unmet::Token("the token's issuer (iss) is not the expected one".to_owned()));
        }
        if !self.audience.is_empty() && !self.audience.iter().any(|own| is_addressed_to(claims, own)) {
            return Err(Unmet::Token("the token's audience (aud) does not name this service".to_owned()));
        }
        for (name, accepted) in &self.required {
            if !satisfies(name, claims.get(name), accepted) {
                return Err(Unmet::Requirement(format!("the claim {name} does not allow this request")));
            }
        }
        Ok(())
    }

    fn check_times(&self, claims: &Claims, now: u64) -> Result<(), Unmet> {
        let (now, leeway) = (now as f64, self.leeway_seconds as f64);
        match number(claims, "exp")? {
            Some(expiry) if now >= expiry + leeway => {
                return Err(Unmet::Token("the token has expired (exp)".to_owned()));
            }
            None if self.require_expiry => {
                return Err(Unmet::Token("the token has no expiry (exp)".to_owned()));
            }
            _ => {}
        }
        if number(claims, "nbf")?.is_some_and(|start| now + leeway < start) {
            return Err(Unmet::Token("the token is not valid yet (nbf)".to_owned()));
        }
        Ok(())
    }
}

fn number(claims: &Claims, name: &str) -> Result<Option<f64>, Unmet> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let number = value.as_f64();
    number.map(Some).ok_or_else(|| Unmet::Token(format!("the token's {name} is not a number")))
}

fn is_addressed_to(claims: &Claims, own: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(audience)) => audience == own,
        Some(Value::Array(audiences)) => audiences.iter().any(|audience| audience == own),
        _ => false,
    }
}

/// A list satisfies if one of its items does. `scope` is a list in a string (RFC 8693, section 4.2).
fn satisfies(name: &str, claim: Option<&Value>, accepted: &[Value]) -> bool {
    match claim {
        None | Some(Value::Null) => false,
        Some(_) if accepted.is_empty() => true,
        Some(Value::Array(items)) => items.iter().any(|item| accepted.contains(item)),
        Some(Value::String(scopes)) if name == "scope" => {
            scopes.split(' ').any(|scope| accepted.iter().any(|value| value == scope))
        }
        Some(value) => accepted.contains(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn expected() -> Expected {
        Expected {
            issuer: None,
            audience: Vec::new(),
            leeway_seconds: 10,
            require_expiry: false,
            required: BTreeMap::new(),
        }
    }

    fn check(expected: &Expected, claims: Value) -> Result<(), Unmet> {
        expected.check(claims.as_object().unwrap_or(&Claims::new()), 1000)
    }

    #[test]
    fn times_are_checked_with_leeway_on_both_sides() {
        let expected = expected();
        assert!(check(&expected, json!({"exp": 991})).is_ok());
        assert!(matches!(check(&expected, json!({"exp": 990})), Err(Unmet::Token(_))));
        assert!(check(&expected, json!({"nbf": 1010})).is_ok());
        assert!(matches!(check(&expected, json!({"nbf": 1011})), Err(Unmet::Token(_))));
        assert!(matches!(check(&expected, json!({"exp": "tomorrow"})), Err(Unmet::Token(_))));
    }

    #[test]
    fn a_token_without_expiry_is_refused_only_if_one_is_asked_for() {
        assert!(check(&expected(), json!({})).is_ok());
        let expected = Expected { require_expiry: true, ..expected() };
        assert!(matches!(check(&expected, json!({})), Err(Unmet::Token(_))));
    }

    #[test]
    fn one_of_several_audiences_is_enough() {
        let expected = Expected { audience: vec!["a".into(), "b".into()], ..expected() };
        assert!(check(&expected, json!({"aud": "b"})).is_ok());
        assert!(check(&expected, json!({"aud": ["x", "a"]})).is_ok());
        assert!(check(&expected, json!({"aud": ["x"]})).is_err());
        assert!(check(&expected, json!({})).is_err());
    }

    #[test]
    fn required_claims_are_met_by_value_by_item_or_by_scope_word() {
        let required = BTreeMap::from([("plan".to_owned(), vec![json!("gold")])]);
        let plan = Expected { required, ..expected() };
        assert!(check(&plan, json!({"plan": "gold"})).is_ok());
        assert!(check(&plan, json!({"plan": ["silver", "gold"]})).is_ok());
        assert!(matches!(check(&plan, json!({"plan": "gold plated"})), Err(Unmet::Requirement(_))));
        assert!(matches!(check(&plan, json!({})), Err(Unmet::Requirement(_))));

        let required = BTreeMap::from([("scope".to_owned(), vec![json!("read")])]);
        let scope = Expected { required, ..expected() };
        assert!(check(&scope, json!({"scope": "write read"})).is_ok());
        assert!(check(&scope, json!({"scope": "reader"})).is_err());

        let present = Expected { required: BTreeMap::from([("sub".to_owned(), Vec::new())]), ..expected() };
        assert!(check(&present, json!({"sub": "x"})).is_ok());
        assert!(check(&present, json!({"sub": null})).is_err());
    }
}
