//! Operator commands: open the stores beside whatever runs on them, do one thing, say it.
use crate::{
    audit,
    clock::Clock,
    config::{ServeArgs, StoreArgs},
    db::Db,
    error::{Error, Result},
    http::document,
    modules::gc,
    operate::{accounts, backup as saving, fsck as checking, instance},
    sign_in::local,
    state::State,
    users,
};
use clap::Parser;
use std::{io::Write, net::SocketAddr, path::Path, process::ExitCode, time::Duration};
use tamis_entities::value::{Role, Scope, Slug};

fn say(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// `90s`, `15m`, `12h`, `30d`.
pub fn duration(text: &str) -> std::result::Result<Duration, String> {
    let why = || "a number and s, m, h or d, e.g. 90s, 15m, 12h, 30d".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(why)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(why()),
    };
    number.parse::<u64>().ok().and_then(|n| n.checked_mul(seconds)).map(Duration::from_secs).ok_or_else(why)
}

/// The server's settings at their defaults: commands do not listen.
fn no_server() -> Result<ServeArgs> {
    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        serve: ServeArgs,
    }
    let only = Only::try_parse_from(["tamis"]).map_err(|e| Error::invalid("environment", e.to_string()))?;
    // Nor do they sign anybody in; the server's secrets may not be readable here.
    Ok(ServeArgs { sign_in: None, policy: None, ..only.serve })
}

async fn open(store: StoreArgs) -> Result<State> {
    let new = store.makes_a_catalog().then(|| store.data_dir.display().to_string());
    let state = State::open(store, no_server()?, Clock::default()).await?;
    if let Some(directory) = new {
        // On a mistyped directory the command would seem to have worked.
        let _ = writeln!(
            std::io::stderr(),
            "note: made a new, empty catalog in {directory}; --data-dir leads to another"
        );
    }
    Ok(state)
}

/// For what only looks: the database of an older Tamis, which may be running on it, is not brought up to date by that.
async fn open_as_it_is(store: StoreArgs) -> Result<State> {
    if !store.makes_a_catalog() {
        let db = Db::connect(&store.database_url(), 2).await?;
        let behind = db.is_behind().await?;
        db.close().await?;
        if behind {
            let detail = "this database is of an older Tamis: use that one's binary for this, or bring the database \
                          up to date first by `tamis migrate` or by starting the server";
            return Err(Error::conflict("older-database", detail));
        }
    }
    open(store).await
}

pub async fn user_create(store: StoreArgs, name: &Slug, role: Role) -> Result<ExitCode> {
    let state = open(store).await?;
    accounts::create(&state, &audit::Actor::system("operator"), name, role).await?;
    say(format_args!("created {role} {name}"));
    Ok(ExitCode::SUCCESS)
}

pub async fn keys_rotate(store: StoreArgs) -> Result<ExitCode> {
    let state = open(store).await?;
    let operator = audit::Actor::system("operator");
    say(state.oauth.keys.rotate(&state, &operator).await?);
    // Those of Meshery's tokens, if anybody has logged in from one.
    if state.meshery.keys.are_in_use(&state).await? {
        say(state.meshery.keys.rotate(&state, &operator).await?);
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn user_link(store: StoreArgs, said: Option<url::Url>, name: &Slug) -> Result<ExitCode> {
    let public_url = match said {
        Some(url) => Some(url),
        None => {
            let known = instance::read(&*open(store.clone()).await?.db, instance::PUBLIC_URL).await?;
            known.and_then(|url| url.parse().ok())
        }
    };
    let serve = ServeArgs { public_url, ..no_server()? };
    let state = State::open(store, serve, Clock::default()).await?;
    say(accounts::link(&state, name).await?);
    Ok(ExitCode::SUCCESS)
}

/// From standard input: a person's terminal does not show what is typed.
pub async fn user_password(store: StoreArgs, name: &Slug) -> Result<ExitCode> {
    let state = open(store).await?;
    let (namespace, user) = accounts::find(&state, name).await?;
    let password = tokio::task::spawn_blocking(move || super::secret::read("New password: ")).await??;
    let account = (user.id, &namespace.handle);
    local::set_password(&state, &audit::Actor::system("operator"), account, &password, None).await?;
    say(format_args!("{name} signs in with this password from now on; their sessions have ended"));
    Ok(ExitCode::SUCCESS)
}

pub async fn user_disable(store: StoreArgs, name: &Slug) -> Result<ExitCode> {
    let state = open(store).await?;
    let (namespace, _) = accounts::find(&state, name).await?;
    users::disable(&state, &audit::Actor::system("operator"), None, &namespace, None).await?;
    say(format_args!("{name} is disabled"));
    Ok(ExitCode::SUCCESS)
}

pub async fn user_enable(store: StoreArgs, name: &Slug) -> Result<ExitCode> {
    let state = open(store).await?;
    let (namespace, _) = accounts::find(&state, name).await?;
    users::enable(&state, &audit::Actor::system("operator"), &namespace).await?;
    say(format_args!("{name} is enabled"));
    Ok(ExitCode::SUCCESS)
}

pub async fn token_create(
    store: StoreArgs,
    user: &Slug,
    scopes: Vec<Scope>,
    life: Duration,
    name: String,
) -> Result<ExitCode> {
    let state = open(store).await?;
    let scopes = (!scopes.is_empty()).then(|| scopes.into_iter().collect());
    say(accounts::token(&state, user, name, scopes, life).await?);
    Ok(ExitCode::SUCCESS)
}

pub fn openapi() -> Result<ExitCode> {
    let _ = write!(std::io::stdout(), "{}", document::json());
    Ok(ExitCode::SUCCESS)
}

pub async fn migrate(store: StoreArgs) -> Result<ExitCode> {
    open(store).await?;
    say("the database is up to date");
    Ok(ExitCode::SUCCESS)
}

pub async fn fsck(store: StoreArgs, json: bool) -> Result<ExitCode> {
    let state = open_as_it_is(store).await?;
    let found = checking::run(&state).await?;
    say(if json { serde_json::to_string_pretty(&found)? } else { found.to_string() });
    Ok(if found.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

pub async fn gc(store: StoreArgs, grace: Duration) -> Result<ExitCode> {
    let state = open(store).await?;
    let collected = gc::run(&state, grace).await?;
    say(format_args!("removed {} modules and {} orphaned objects", collected.modules, collected.orphans));
    Ok(ExitCode::SUCCESS)
}

pub async fn audit_verify(store: StoreArgs, json: bool) -> Result<ExitCode> {
    let state = open_as_it_is(store).await?;
    let found = audit::chain::verify(&state.db).await?;
    match (json, found.broken_at) {
        (true, _) => say(serde_json::to_string_pretty(&found)?),
        (false, Some(seq)) => {
            say(format_args!("broken at entry {seq}: it, or one before it, was changed, removed or put in"))
        }
        (false, None) => say(format_args!(
            "{} entries fit; {} not sealed yet; head {}",
            found.sealed, found.unsealed, found.head
        )),
    }
    Ok(if found.broken_at.is_none() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

pub async fn backup(store: StoreArgs, to: &Path) -> Result<ExitCode> {
    let saved = saving::backup(&open_as_it_is(store).await?, to).await?;
    say(format_args!("saved {} modules, {} bytes, into {}", saved.modules, saved.bytes, to.display()));
    Ok(all_copied(&saved))
}

/// What could not be copied is named; everything else was.
fn all_copied(copied: &saving::Copied) -> ExitCode {
    for damage in &copied.damaged {
        let _ = writeln!(std::io::stderr(), "not copied: {damage}");
    }
    ExitCode::from(u8::from(!copied.damaged.is_empty()))
}

pub async fn restore(store: StoreArgs, from: &Path) -> Result<ExitCode> {
    let restored = saving::restore(&store, from).await?;
    say(format_args!(
        "restored {} modules, {} bytes; `tamis fsck` checks them",
        restored.modules, restored.bytes
    ));
    Ok(all_copied(&restored))
}

pub async fn health(listen: SocketAddr) -> Result<ExitCode> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(listen).await?;
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: tamis\r\nConnection: close\r\n\r\n").await?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await?;
        Ok::<_, std::io::Error>(head.ends_with(b" 200"))
    };
    let answer = tokio::time::timeout(Duration::from_secs(5), ask).await;
    match answer {
        Ok(Ok(true)) => say("ready"),
        Ok(Ok(false)) => say("not ready: /health/ready says what is away"),
        Ok(Err(ref error)) => say(format_args!("not ready: {listen}: {error}")),
        Err(_) => say(format_args!("not ready: {listen} does not answer within 5 seconds")),
    }
    Ok(if matches!(answer, Ok(Ok(true))) { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
