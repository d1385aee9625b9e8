//! Exponential decay on integers, the same on every machine.

/// 2^32 × 2^(−1/2^i) for i = 1, 2, …
const ROOTS: [u64; 20] = [
    3_037_000_500,
    3_611_622_603,
    3_938_502_376,
    4_112_874_773,
    4_202_935_003,
    4_248_701_965,
    4_271_771_996,
    4_283_353_945,
    4_289_156_690,
    4_292_061_010,
    4_293_513_907,
    4_294_240_540,
    4_294_603_903,
    4_294_785_595,
    4_294_876_445,
    4_294_921_870,
    4_294_944_583,
    4_294_955_939,
    4_294_961_618,
    4_294_964_457,
];

/// `points` × 2^(−silence ÷ half-life), to the nearest, halves up; silence in milliseconds.
pub(super) fn halve(points: i64, silence_ms: i64, half_life_days: u32) -> i64 {
    // A century at most, so that the shift below cannot overflow.
    let half_life = u64::from(half_life_days.clamp(1, 36_500)) * 86_400_000;
    let silence = u64::try_from(silence_ms).unwrap_or(0);
    let whole = silence / half_life;
    if whole > 40 {
        return 0;
    }
    // The fraction of a half-life in 20 binary digits, each of which is one factor.
    let digits = ((silence % half_life) << ROOTS.len()) / half_life;
    let mut factor: u64 = 1 << 32;
    for (i, root) in ROOTS.iter().enumerate() {
        if digits >> (ROOTS.len() - 1 - i) & 1 == 1 {
            factor = (factor * root) >> 32;
        }
    }
    let scaled = i128::from(points) * i128::from(factor);
    let shift = 32 + whole;
    i64::try_from((scaled + (1 << (shift - 1))) >> shift).unwrap_or(points)
}

#[cfg(test)]
mod tests {
    use super::halve;

    const DAY: i64 = 86_400_000;

    #[test]
    fn a_half_life_halves() {
        assert_eq!(halve(80, 14 * DAY, 14), 40);
        assert_eq!(halve(80, 28 * DAY, 14), 20);
        assert_eq!(halve(80, 0, 14), 80);
        assert_eq!(halve(80, -DAY, 14), 80);
        assert_eq!(halve(80, i64::MAX, 14), 0);
    }

    #[test]
    fn it_is_the_exponential_to_the_nearest_point() {
        for hours in 0..24 * 60 {
            let exact = 1_000_000.0 * (-f64::from(hours) / (24.0 * 14.0)).exp2();
            let ours = halve(1_000_000, i64::from(hours) * 3_600_000, 14);
            assert!(
                (exact - ours as f64).abs() < 2.0,
                "{hours} h: {exact} and {ours}"
            );
        }
    }
}
