//! What a server asked its database, read from its log at `sqlx::query=trace`.

/// The lines of all that were read.
pub fn reads(log: &str) -> impl Iterator<Item = &str> {
    log.lines().filter(|line| line.contains("sqlx::query") && line.contains("SELECT"))
}

/// Those about people and what they come with.
pub fn about_people(log: &str) -> Vec<String> {
    let tables = ["\"meshery_sessions\"", "\"api_tokens\"", "\"sessions\"", "\"users\"", "\"team_members\""];
    let about = |line: &&str| tables.iter().any(|table| line.replace("\\\"", "\"").contains(table));
    reads(log).filter(about).map(str::to_owned).collect()
}
