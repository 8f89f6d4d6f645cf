import cmath
import math
import statistics
from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 40
print(Decimal(2).sqrt(), Decimal("0.1") + Decimal("0.2"))
print(sum(Fraction(1, n) for n in range(1, 11)))
print(math.factorial(30), pow(3, 1000, 10**9 + 7), math.isqrt(10**40), math.comb(50, 25))
print(statistics.mean([1, 2, 4]), statistics.median([3, 1, 2]), round(statistics.stdev([2, 4, 4, 5]), 6))
print(cmath.sqrt(-4), math.fsum([0.1] * 10), 0.1 + 0.2, round(2.675, 2), 7 // -2, -7 % 3, 1e308 * 10)
print(len(str(2**4000)), int("ff", 16), f"{255:#b} {1234567:,} {3.14159:.2f}")
