//! The configuration, and who a request belongs to: a user with a plan, or an address.

use crate::limiter::{Limiter, Quota};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tokens::{Claims, Expected, Key, Verify};

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    header: String,
    verify: Verify,
    secret: Option<String>,
    secret_env: Option<String>,
    user_claim: String,
    plan_claim: String,
    plans: BTreeMap<String, QuotaSettings>,
    default: QuotaSettings,
    scope: String,
    slots: u32,
    report: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuotaSettings {
    requests: u64,
    per_seconds: u64,
    burst: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            header: "authorization".to_owned(),
            verify: Verify::default(),
            secret: None,
            secret_env: None,
            user_claim: "sub".to_owned(),
            plan_claim: "plan".to_owned(),
            plans: BTreeMap::new(),
            default: QuotaSettings { requests: 60, per_seconds: 60, burst: None },
            scope: "default".to_owned(),
            slots: 65_536,
            report: true,
        }
    }
}

pub struct Plans {
    pub header: String,
    pub report: bool,
    key: Option<Key>,
    user_claim: String,
    plan_claim: String,
    plans: BTreeMap<String, Quota>,
    default: Quota,
}

/// Whose bucket a request draws from.
pub struct Subject<'a> {
    pub user: String,
    pub plan: &'a str,
    pub quota: Quota,
}

impl Settings {
    pub fn check(self) -> Result<(Plans, Limiter), String> {
        if !guest::is_token(&self.header) {
            return Err(format!("`{}` is not a header name in lower case", self.header));
        }
        if let Some(name) = self.plans.keys().find(|name| name.is_empty() || !guest::is_value(name)) {
            return Err(format!("the plan name `{name}` must be printable ASCII"));
        }
        if !(1..=1_048_576).contains(&self.slots) {
            return Err("`slots` must be 1 to 1048576".to_owned());
        }
        let plans = self.plans.iter().map(|(name, quota)| Ok((name.clone(), quota.check(name)?)));
        let plans = Plans {
            plans: plans.collect::<Result<_, String>>()?,
            default: self.default.check("default")?,
            key: Key::choose(self.verify, self.secret, self.secret_env.as_deref(), guest::variable)?,
            header: self.header,
            report: self.report,
            user_claim: self.user_claim,
            plan_claim: self.plan_claim,
        };
        if plans.key.is_none() && !plans.plans.is_empty() {
            guest::warn(
                "plan-rate-limit: no secret is set, so no token is believed and `plans` has no effect",
            );
        }
        Ok((plans, Limiter::new(&self.scope, self.slots)))
    }
}

impl QuotaSettings {
    fn check(self, plan: &str) -> Result<Quota, String> {
        let burst = self.burst.unwrap_or(self.requests);
        let counts = 1..=1_000_000;
        if !counts.contains(&self.requests) || !counts.contains(&burst) {
            return Err(format!("plan {plan}: `requests` and `burst` must be 1 to 1000000"));
        }
        if !(1..=2_678_400).contains(&self.per_seconds) {
            return Err(format!("plan {plan}: `per_seconds` must be 1 to 2678400 (31 days)"));
        }
        Ok(Quota::new(self.requests, self.per_seconds, burst))
    }
}

impl Plans {
    /// A token that is not believed counts as none, so a made-up token cannot escape the limit.
    pub fn subject(&self, header: Option<&str>, now: Duration, address: impl Fn() -> String) -> Subject<'_> {
        let claims = header.and_then(|value| self.believed(value, now.as_secs()));
        let Some((claims, user)) = claims.and_then(|claims| {
            let user = claims.get(&self.user_claim)?.as_str()?.to_owned();
            Some((claims, user))
        }) else {
            return Subject { user: format!("address {}", address()), plan: "default", quota: self.default };
        };
        let plan = claims.get(&self.plan_claim).and_then(|plan| plan.as_str());
        let known = plan.and_then(|plan| self.plans.get_key_value(plan));
        let (plan, quota) = known.map_or(("default", self.default), |(name, quota)| (name, *quota));
        Subject { user: format!("user {user}"), plan, quota }
    }

    fn believed(&self, value: &str, now: u64) -> Option<Claims> {
        let claims = tokens::decode(tokens::bearer(value)?, self.key.as_ref()?).ok()?;
        let times = Expected {
            issuer: None,
            audience: Vec::new(),
            leeway_seconds: 60,
            require_expiry: false,
            required: BTreeMap::new(),
        };
        times.check(&claims, now).is_ok().then_some(claims)
    }
}
