//! The closed sets: roles, states, kinds, verdicts. Stored and shown as the same words.
use sea_orm::{DeriveActiveEnum, EnumIter, sea_query::StringLen};
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[doc = $doc:literal])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
        #[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))")]
        pub enum $name {
            $($(#[$vdoc])* #[sea_orm(string_value = $word)] #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        // By hand: the derive does not see a `rename` that comes out of a macro.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let said = concat!($($doc),*).trim();
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$($word),+]))
                    .description((!said.is_empty()).then_some(said))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }

        impl std::str::FromStr for $name {
            type Err = super::Invalid;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(super::Invalid(format!("`{text}` is none of {}", [$($word),+].join(", ")))),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(NamespaceKind { User = "user", Team = "team", System = "system", Robot = "robot" });
words!(
    /// Roles of the instance, in order of power.
    Role { User = "user", Curator = "curator", Admin = "admin" }
);
words!(
    /// Roles in a team, in order of power.
    MemberRole { Member = "member", Maintainer = "maintainer", Owner = "owner" }
);
words!(
    /// The stored visibility; `published` is derived.
    Visibility { Private = "private", Public = "public" }
);
words!(GrantLevel { Read = "read", Write = "write" });
words!(LabelKind { Label = "label", Category = "category" });
words!(
    /// The manifests by which a release is pulled: what Istio and its kin read, what wasm tools
    /// read, the two layers of Solo's specification, and what was pushed.
    FormKind {
        Compat = "oci-compat",
        Wasm = "oci-wasm",
        Solo = "oci-solo",
        Pushed = "oci-pushed",
    }
);
words!(
    /// What the bytes of a release are; other kinds of Envoy extension will come.
    ArtifactKind { Wasm = "wasm" }
);
words!(PluginType { Http = "http", Network = "network", Service = "service" });
words!(ReleaseState { Draft = "draft", Published = "published", Yanked = "yanked", Quarantined = "quarantined" });
words!(ModuleState { Live = "live", Condemned = "condemned" });
words!(
    /// `error`: verification could not finish, which is never a pass.
    Verdict { Pass = "pass", Warn = "warn", Fail = "fail", Error = "error" }
);
words!(ReviewAction { Publish = "publish", Unpublish = "unpublish", Update = "update", Unquarantine = "unquarantine" });
words!(ReviewState {
    Checking = "checking",
    BlockedByChecks = "blocked_by_checks",
    InReview = "in_review",
    ChangesRequested = "changes_requested",
    Approved = "approved",
    /// The approval was consumed: what was asked for has happened.
    Published = "published",
    Rejected = "rejected",
    Withdrawn = "withdrawn",
    Expired = "expired",
    Superseded = "superseded",
});
words!(
    /// What can be done to a review.
    ReviewAct {
        Submit = "submit",
        ChecksPass = "checks_pass",
        ChecksBlock = "checks_block",
        RunChecks = "run_checks",
        Vote = "vote",
        Approve = "approve",
        RequestChanges = "request_changes",
        Reconsider = "reconsider",
        Reject = "reject",
        Resubmit = "resubmit",
        Withdraw = "withdraw",
        Expire = "expire",
        Supersede = "supersede",
        Release = "release",
        Assign = "assign",
        Recuse = "recuse",
        Comment = "comment",
        Tick = "tick",
        Escalate = "escalate",
        Appeal = "appeal",
        WithdrawAppeal = "withdraw_appeal",
        Reopen = "reopen",
        Uphold = "uphold",
        AskBreakGlass = "ask_break_glass",
        BreakGlass = "break_glass",
    }
);
words!(
    /// What becomes of an appeal: the review is decided anew, or the rejection stays.
    AppealDecision { Reopen = "reopen", Uphold = "uphold" }
);
words!(Decision { Approve = "approve", Reject = "reject", RequestChanges = "request_changes" });
words!(CheckResult { Pass = "pass", Warn = "warn", Fail = "fail", Error = "error", NotApplicable = "not_applicable" });
words!(
    /// How a client may get tokens.
    OauthGrantType {
        AuthorizationCode = "authorization_code",
        RefreshToken = "refresh_token",
        ClientCredentials = "client_credentials",
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
    }
);
words!(
    /// Who signs the identity tokens of a trusted publisher; decides which claims are asked for.
    Provider { Github = "github", Gitlab = "gitlab", Other = "other" }
);
words!(
    /// What of a release is counted.
    CountKind {
        Download = "download",
        Clone = "clone",
        Pull = "pull",
        /// Any of these while not everyone could have it.
        Unpublished = "unpublished",
    }
);
words!(
    /// What people and programs are told of, in the words of the audit log. An event of another
    /// kind is kept and told to nobody.
    NoticeKind {
        ReviewSubmit = "review.submit",
        ReviewChecksPass = "review.checks_pass",
        ReviewChecksBlock = "review.checks_block",
        ReviewAssign = "review.assign",
        ReviewComment = "review.comment",
        ReviewRequestChanges = "review.request_changes",
        ReviewResubmit = "review.resubmit",
        ReviewReconsider = "review.reconsider",
        ReviewApprove = "review.approve",
        ReviewReject = "review.reject",
        ReviewAppeal = "review.appeal",
        ReviewWithdrawAppeal = "review.withdraw_appeal",
        ReviewReopen = "review.reopen",
        ReviewUphold = "review.uphold",
        ReviewEscalate = "review.escalate",
        ReviewAskBreakGlass = "review.ask_break_glass",
        ReviewWithdraw = "review.withdraw",
        ReviewExpire = "review.expire",
        ReviewSupersede = "review.supersede",
        ReleasePublish = "release.publish",
        ReleaseUnpublish = "release.unpublish",
        ReleaseUpdate = "release.update",
        ReleaseYank = "release.yank",
        ReleaseUnyank = "release.unyank",
        ReleaseQuarantine = "release.quarantine",
        ReleaseUnquarantine = "release.unquarantine",
        CapabilityUrlEnding = "capability-url.ending",
    }
);
words!(DeliveryState { Pending = "pending", Delivered = "delivered", Dead = "dead" });
words!(JobState { Queued = "queued", Dead = "dead" });

impl ReviewState {
    /// Still wants something from somebody.
    pub fn is_open(self) -> bool {
        use ReviewState::*;
        matches!(self, Checking | BlockedByChecks | InReview | ChangesRequested | Approved)
    }
}

words!(
    /// What a Meshery Server may do here: only an approved one is ever given a token.
    MesheryServerState { Pending = "pending", Approved = "approved", CutOff = "cut_off" }
);
words!(
    /// Of what Meshery asks to have in the catalog, in its words.
    MesheryRequest { Pending = "pending", Approved = "approved", Denied = "denied" }
);
words!(
    /// Three words of Meshery; of filters the third is derived.
    MesheryVisibility { Private = "private", Public = "public", Published = "published" }
);
words!(
    /// What Meshery keeps here and only Meshery reads.
    MesheryKind {
        Preferences = "preferences",
        Profile = "profile",
        Result = "result",
        Schedule = "schedule",
        TestConfig = "test_config",
        Metrics = "metrics",
        Smi = "smi",
        PatternResource = "pattern_resource",
        Event = "event",
    }
);

words!(
    /// What a target is, which decides how it is spoken to.
    TargetKind { Meshery = "meshery", Webhook = "webhook" }
);
words!(
    /// How Tamis signs in at a Meshery Server: not at all (its built-in provider), with a token that was
    /// stored, or with one that Tamis makes, being the server's provider itself.
    TargetSignIn { Nothing = "none", Token = "token", Minted = "minted" }
);
words!(
    /// How far a target is from what is wanted of it.
    DeploymentState {
        /// To be sent, or on its way.
        Waiting = "waiting",
        Deployed = "deployed",
        Removed = "removed",
        /// What was asked for is not allowed any more.
        Blocked = "blocked",
        /// Given up; `retry` tries again.
        Dead = "dead",
    }
);
words!(
    /// What a read-back found.
    Reported { InStep = "in_step", Missing = "missing", Changed = "changed" }
);
words!(DeploymentAct { Deploy = "deploy", Remove = "remove", ReadBack = "read_back" });
words!(
    /// How a try ended: it was confirmed, is tried again, or was refused for good.
    AttemptOutcome { Confirmed = "confirmed", Later = "later", Refused = "refused" }
);
