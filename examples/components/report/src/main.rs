//! A command of WASI 0.2: what it is given, it sees, and nothing else.
use std::io::{Read, Write};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, io, process, thread};

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("count") => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text)?;
            let words = text.split_whitespace().count();
            println!("{words} words for {}", env::var("CUSTOMER").unwrap_or("nobody".into()));
            fs::write("/work/count.txt", format!("{words}\n"))?;
            let mut names: Vec<_> = fs::read_dir("/work")?.map(|e| e.unwrap().file_name()).collect();
            names.sort();
            println!("{names:?}");
            assert!(SystemTime::now() > SystemTime::UNIX_EPOCH);
        }
        Some("look") => {
            let seen: Vec<String> = env::vars().map(|(name, _)| name).collect();
            println!("environment: {seen:?}");
            for path in ["/", "/etc/passwd", "/work/../../etc/passwd", "/proc/self/environ"] {
                let found = fs::read(path).or_else(|_| fs::read_dir(path).map(|_| vec![]));
                println!("{path}: {}", if found.is_ok() { "there" } else { "not there" });
            }
            println!("{:?}", std::net::TcpStream::connect("127.0.0.1:80").map(|_| ()).map_err(|e| e.kind()));
        }
        Some("sleep") => {
            let begun = Instant::now();
            thread::sleep(Duration::from_millis(args[1].parse().unwrap()));
            println!("slept: {}", begun.elapsed() >= Duration::from_millis(args[1].parse().unwrap()));
        }
        Some("spin") => loop {
            std::hint::black_box(());
        },
        Some("flood") => loop {
            io::stdout().write_all(&[b'x'; 4096])?;
        },
        _ => {
            eprintln!("count, look, sleep, spin or flood?");
            process::exit(2);
        }
    }
    Ok(())
}
