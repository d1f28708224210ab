//! What a probe asks about, and the same request about what is not there.

/// What the placeholders of a path, and the names in a body, stand for.
#[derive(Clone, Default)]
pub struct Target {
    pub namespace: String,
    pub filter: String,
    pub review: String,
    /// A review that has ended.
    pub closed: String,
    pub sha256: String,
    pub team: String,
    pub token: String,
    /// To vic, who is none of the principals.
    pub invitation: String,
    pub transfer: String,
    pub client: String,
    pub grant: String,
    pub publisher: String,
    pub capability_url: String,
    pub robot: String,
    pub webhook: String,
    pub delivery: String,
    /// A target of the team, and a deployment to it.
    pub deployed_to: String,
    pub deployment: String,
    /// The filter and the team, by the ids that Meshery knows.
    pub meshery: String,
    pub circle: String,
}

/// The same request about things that do not exist.
pub fn absent(target: &Target) -> [Target; 2] {
    let nothing = Target {
        namespace: target.namespace.clone(),
        filter: "absent".into(),
        review: uuid::Uuid::now_v7().to_string(),
        closed: uuid::Uuid::now_v7().to_string(),
        sha256: "0".repeat(64),
        team: "absent".into(),
        token: uuid::Uuid::now_v7().to_string(),
        invitation: uuid::Uuid::now_v7().to_string(),
        transfer: uuid::Uuid::now_v7().to_string(),
        client: uuid::Uuid::now_v7().to_string(),
        grant: uuid::Uuid::now_v7().to_string(),
        publisher: uuid::Uuid::now_v7().to_string(),
        capability_url: uuid::Uuid::now_v7().to_string(),
        robot: "absent".into(),
        webhook: uuid::Uuid::now_v7().to_string(),
        delivery: uuid::Uuid::now_v7().to_string(),
        deployed_to: uuid::Uuid::now_v7().to_string(),
        deployment: uuid::Uuid::now_v7().to_string(),
        meshery: uuid::Uuid::new_v4().to_string(),
        circle: uuid::Uuid::new_v4().to_string(),
    };
    [Target { namespace: "nowhere".into(), ..nothing.clone() }, nothing]
}
