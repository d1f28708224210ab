//! The command line: one binary, one subcommand a use. Prints; decides nothing.
mod operator;
mod secret;
mod serve;
mod verify;

use crate::{
    clock::Clock,
    config::{self, ServeArgs, StoreArgs},
    error::{Error, Result},
    telemetry,
};
use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};
use tamis_entities::value::{Role, Scope, Slug};

/// A self-hosted catalog and registry for Envoy Wasm filters.
#[derive(Parser)]
#[command(name = "tamis", version, about, long_about = None, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(Box<ServeCommand>),
    /// Create users, let them in and keep them out.
    #[command(subcommand)]
    User(UserCommand),
    /// Create API tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Change the keys that sign OAuth tokens.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Say what a module is and where it loads; needs no server. Exit 0 pass or warn, 1 fail, 2 error.
    Verify(VerifyCommand),
    /// Print the OpenAPI document.
    Openapi,
    /// Bring the database up to date; the server does so at its start too.
    Migrate(StoreCommand),
    /// Compare every row with every stored object and re-hash the bytes. Exit 1 if anything is wrong.
    Fsck(FsckCommand),
    /// Remove the bytes of modules that nothing names any more.
    Gc(GcCommand),
    /// Check the audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Save database and modules of the embedded default into a new directory, while it runs.
    Backup(BackupCommand),
    /// Put a backup into an empty data directory.
    Restore(RestoreCommand),
    /// Ask a running server whether it is ready. Exit 0 if it is.
    Health(HealthCommand),
}

#[derive(Args)]
struct ServeCommand {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Args)]
struct StoreCommand {
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Sign with a new key from now on; what the old one signed stays good until it ends.
    Rotate(StoreCommand),
}

#[derive(Subcommand)]
enum UserCommand {
    /// Create a local user.
    Create {
        /// Their handle, and the namespace of their filters: lower-case letters, digits, single `.`, `_` or `-`.
        name: Slug,
        /// A user owns filters, a curator also decides reviews, an admin also reads the audit log.
        #[arg(long, default_value = "user", value_parser = ["user", "curator", "admin"])]
        role: String,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Print a one-time sign-in link for a user.
    Link {
        /// The handle of a user that exists.
        name: Slug,
        /// The URL that the link starts with. Without it the one that the server was last started with.
        #[arg(long, env = "TAMIS_PUBLIC_URL", value_name = "URL", value_parser = config::public_url)]
        public_url: Option<url::Url>,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Set a user's password; asks for it, or reads a line of standard input.
    Password {
        /// The handle of a user that exists.
        name: Slug,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Let a user in by no door any more; their tokens do nothing until they are enabled again.
    Disable {
        /// The handle of a user that exists.
        name: Slug,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Let a disabled user in again.
    Enable {
        /// The handle of a user that exists.
        name: Slug,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Create a token; prints only the token on stdout. It is not shown again.
    Create {
        /// Whose token it is.
        #[arg(long, value_name = "NAME")]
        user: Slug,
        /// What it may do: filters:read, filters:write, reviews:vote, teams:write, deployments:write, tokens:write, admin. May be
        /// repeated. Without it: all that the user's role allows.
        #[arg(long, value_delimiter = ',')]
        scope: Vec<Scope>,
        /// How long it lives, e.g. `30d`, `12h`, `15m`; at most a year.
        #[arg(long, default_value = "90d", value_name = "DURATION", value_parser = operator::duration)]
        expires: std::time::Duration,
        /// What it is for, as the list of tokens shows it.
        #[arg(long, default_value = "command line", value_name = "TEXT")]
        name: String,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Args)]
struct VerifyCommand {
    /// A wasm file, or `-` for standard input.
    file: PathBuf,
    /// Print the report as one JSON document.
    #[arg(long)]
    json: bool,
    /// Judge it as declared to be `http`, `network` or `service`.
    #[arg(long = "type", value_name = "TYPE")]
    plugin_type: Option<tamis_entities::value::PluginType>,
}

#[derive(Args)]
struct FsckCommand {
    /// Print what was found as one JSON document.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Args)]
struct GcCommand {
    /// Age that unnamed bytes must have, e.g. `24h`.
    #[arg(long, default_value = "24h", value_name = "DURATION", value_parser = operator::duration)]
    grace: std::time::Duration,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Check the hash chain. Exit 1 if it is broken.
    Verify {
        /// Print what was found as one JSON document.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Args)]
struct BackupCommand {
    /// The directory to make.
    to: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Args)]
struct RestoreCommand {
    /// A directory that `tamis backup` made.
    from: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Args)]
struct HealthCommand {
    /// Where the server listens.
    #[arg(long, env = "TAMIS_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR:PORT",
          value_parser = config::socket)]
    listen: std::net::SocketAddr,
}

fn role(text: &str) -> Result<Role> {
    text.parse().map_err(|e: tamis_entities::value::Invalid| Error::invalid("--role", e.to_string()))
}

/// Runs the command and turns its outcome into an exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let threads = match &cli.command {
        Command::Serve(serve) => serve.serve.threads,
        _ => None,
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = threads {
        runtime.worker_threads(threads.max(1));
    }
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&Error::from(error)),
    };
    match runtime.block_on(run(cli.command)) {
        Ok(code) => code,
        Err(error) => complain(&error),
    }
}

fn complain(error: &Error) -> ExitCode {
    if !error.fields().is_empty() {
        for field in error.fields() {
            eprintln!("tamis: {}: {}", field.field, field.message);
        }
    } else {
        eprintln!("tamis: {}", error.detail());
        if let Some(cause) = error.cause() {
            eprintln!("  because: {cause}");
        }
    }
    ExitCode::from(2)
}

async fn run(command: Command) -> Result<ExitCode> {
    use operator as op;
    if !matches!(command, Command::Serve(_)) {
        telemetry::init_where_asked();
    }
    match command {
        Command::Serve(c) => {
            let ServeCommand { store, serve } = *c;
            serve::run(store, serve, Clock::default()).await
        }
        Command::User(UserCommand::Create { name, role: r, store }) => {
            op::user_create(store, &name, role(&r)?).await
        }
        Command::User(UserCommand::Link { name, public_url, store }) => {
            op::user_link(store, public_url, &name).await
        }
        Command::Keys(KeysCommand::Rotate(c)) => op::keys_rotate(c.store).await,
        Command::User(UserCommand::Password { name, store }) => op::user_password(store, &name).await,
        Command::User(UserCommand::Disable { name, store }) => op::user_disable(store, &name).await,
        Command::User(UserCommand::Enable { name, store }) => op::user_enable(store, &name).await,
        Command::Token(TokenCommand::Create { user, scope, expires, name, store }) => {
            op::token_create(store, &user, scope, expires, name).await
        }
        Command::Verify(c) => verify::run(&c.file, c.json, c.plugin_type),
        Command::Openapi => op::openapi(),
        Command::Migrate(c) => op::migrate(c.store).await,
        Command::Fsck(c) => op::fsck(c.store, c.json).await,
        Command::Gc(c) => op::gc(c.store, c.grace).await,
        Command::Audit(AuditCommand::Verify { json, store }) => op::audit_verify(store, json).await,
        Command::Backup(c) => op::backup(c.store, &c.to).await,
        Command::Restore(c) => op::restore(c.store, &c.from).await,
        Command::Health(c) => op::health(c.listen).await,
    }
}
