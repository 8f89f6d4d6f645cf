import sys
import unittest


class Sums(unittest.TestCase):
    def setUp(self):
        self.numbers = [1, 2, 3]

    def test_sum(self):
        self.assertEqual(sum(self.numbers), 6)

    def test_each(self):
        for n in self.numbers:
            with self.subTest(n=n):
                self.assertGreater(n, 0)

    @unittest.skip("for the count")
    def test_skipped(self):
        pass

    def test_fails(self):
        with self.assertRaises(AssertionError):
            self.assertIn(9, self.numbers)


if __name__ == "__main__":
    unittest.main(verbosity=2, testRunner=unittest.TextTestRunner(stream=sys.stdout, verbosity=2))
