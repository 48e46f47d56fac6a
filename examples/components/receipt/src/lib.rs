//! A component with a world of its own: it prints receipts at prices that it asks the host for.
wit_bindgen::generate!({ world: "plugin", path: "wit" });

use shop::receipt::prices;

struct Plugin;
export!(Plugin);

impl Guest for Plugin {
    fn print(order: Vec<Line>) -> Result<Receipt, Refusal> {
        let (mut text, mut total) = (String::new(), 0u64);
        for Line { item, count } in order {
            let price = prices::of(&item).ok_or_else(|| Refusal::Unknown(item.clone()))?;
            let sum = price.checked_mul(count.into()).ok_or(Refusal::TooMuch)?;
            total = total.checked_add(sum).ok_or(Refusal::TooMuch)?;
            text += &format!("{count:>3} {item:<12}{:>6}.{:02}\n", sum / 100, sum % 100);
        }
        Ok(Receipt { text, total })
    }
    fn never_end() {
        let mut n = 0u64;
        while std::hint::black_box(n) < u64::MAX {
            n += 1;
        }
    }
    fn take_all() -> u64 {
        let mut all: Vec<Vec<u8>> = Vec::new();
        loop {
            all.push(vec![1; 1 << 20]);
            std::hint::black_box(&all);
        }
    }
}
