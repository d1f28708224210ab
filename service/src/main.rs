//! The one binary.
fn main() -> std::process::ExitCode {
    #[cfg(feature = "failpoints")]
    let _points = tamis::failpoint::from_environment();
    tamis::cli::main()
}
