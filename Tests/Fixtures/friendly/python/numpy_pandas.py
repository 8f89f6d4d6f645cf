import io

import numpy as np
import pandas as pd

a = np.arange(12, dtype=float).reshape(3, 4)
print(a.sum(axis=0), (a @ a.T).trace())
print(np.linalg.solve(np.array([[3.0, 1], [1, 2]]), np.array([9.0, 8])).round(6))
print(np.random.default_rng(1).integers(0, 100, 3).shape, np.fft.fft(np.ones(4)).real)
frame = pd.read_csv(io.StringIO("city,year,rain\nRome,2024,3\nOslo,2024,5\nRome,2025,4\n"), parse_dates=["year"])
print(frame.groupby("city")["rain"].mean().to_dict())
frame.to_csv("out.csv", index=False)
print(len(pd.read_csv("out.csv")), frame["year"].dt.year.max())
print(frame.sort_values("rain").to_string(index=False).splitlines()[-1].split())
