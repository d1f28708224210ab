//! `tamis serve`: opens the instance, seeds it, says where it is, serves until told to stop.
use crate::{
    app,
    clock::Clock,
    config::{ServeArgs, StoreArgs},
    error::{Error, Result},
    http::health,
    operate::{accounts, instance, seed},
    state::State,
    telemetry,
};
use std::{
    io::{IsTerminal, Write},
    net::TcpListener,
    process::ExitCode,
    time::Duration,
};

pub async fn run(store: StoreArgs, mut serve: ServeArgs, clock: Clock) -> Result<ExitCode> {
    telemetry::init();
    health::install_recorder();
    store.check()?;
    serve.check()?;
    let listener = TcpListener::bind(serve.listen)
        .map_err(|e| Error::invalid("--listen", format!("{}: {e}", serve.listen)))?;
    // Port 0 asks for any: from here on the real one is meant.
    serve.listen = listener.local_addr()?;
    let embedded = store.is_embedded_database();
    let state = State::open(store, serve, clock).await?;
    let _alone = if embedded { Some(alone(&state)?) } else { None };
    crate::modules::spool::sweep(&state.store.spool(), Duration::from_secs(3600))?;
    if state.serve.seed || (embedded && !state.serve.no_seed) {
        let published = seed::run(&state).await?;
        if published > 0 {
            tracing::info!(published, "built-in filters published");
        }
    }
    // For the links that operator commands make beside it.
    instance::remember(&state.db, instance::PUBLIC_URL, &state.public_url).await?;
    announce_first_admin(&state).await?;
    tracing::info!(url = %state.public_url, blobs = %state.blobs.describe(), "tamis is ready");
    if std::io::stderr().is_terminal() {
        let _ = writeln!(std::io::stderr(), "\n  Tamis is ready: {}\n", state.public_url);
    }
    app::run(state, listener, None).await?;
    Ok(ExitCode::SUCCESS)
}

/// The embedded default has one server process; the kernel ends the lock with the process.
fn alone(state: &State) -> Result<std::fs::File> {
    let path = state.store.data_dir.join("serve.lock");
    let file = std::fs::File::options().create(true).append(true).open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
        Err(std::fs::TryLockError::WouldBlock) => {
            let directory = state.store.data_dir.display();
            let detail =
                format!("another server runs on {directory}; several need PostgreSQL (--database-url)");
            Err(Error::invalid("--data-dir", detail))
        }
    }
}

/// To a person on the terminal, else to a file that only this account reads.
async fn announce_first_admin(state: &State) -> Result<()> {
    let Some(link) = accounts::first_admin(state).await? else { return Ok(()) };
    if std::io::stderr().is_terminal() {
        let _ = writeln!(
            std::io::stderr(),
            "\n  Sign in as the administrator `root` (once, within 30 minutes):\n  {link}\n"
        );
        return Ok(());
    }
    let path = state.store.data_dir.join("admin-sign-in-link");
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    writeln!(file, "{link}")?;
    tracing::info!(file = %path.display(), "the administrator's one-time sign-in link is in this file");
    Ok(())
}
