//! Data for `tests/bench`: fills a migrated database with filters from a seed, and asks
//! SQLite how it would run a statement. Writes rows in bulk, past the service: what it makes
//! has the shape of published filters, but their modules have no objects.
mod people;
mod reviews;
mod rows;
mod text;
mod words;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use sea_orm::{ConnectionTrait, Statement};
use std::io::{Read, Write};
use tamis::db::Db;

#[derive(Parser)]
struct Cli {
    #[arg(long)]
    database_url: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add filters, and teams for a user that is there already.
    Fill {
        #[arg(long)]
        filters: u64,
        /// Handle of the user who gets three teams, filters of their own and grants.
        #[arg(long)]
        reader: String,
        #[arg(long, default_value_t = 7)]
        seed: u64,
    },
    /// Print SQLite's plan of each statement on standard input (one a line), a blank line after each.
    Explain,
}

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    let db = Db::connect(&cli.database_url, 2).await.context("the database")?;
    match cli.command {
        Command::Fill { filters, reader, seed } => rows::fill(&db, filters, &reader, seed).await?,
        Command::Explain => explain(&db).await?,
    }
    db.close().await.context("closing the database")
}

/// Parameters stay unbound: SQLite's choice of plan does not look at them.
async fn explain(db: &Db) -> Result<()> {
    let mut statements = String::new();
    std::io::stdin().read_to_string(&mut statements)?;
    let mut out = std::io::stdout().lock();
    for sql in statements.lines().filter(|line| !line.trim().is_empty()) {
        let plan = Statement::from_string(db.backend(), format!("EXPLAIN QUERY PLAN {sql}"));
        for row in db.query_all_raw(plan).await.context(sql.to_owned())? {
            writeln!(out, "{}", row.try_get::<String>("", "detail")?)?;
        }
        writeln!(out)?;
    }
    Ok(())
}
