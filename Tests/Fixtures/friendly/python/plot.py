import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

figure, axes = plt.subplots()
axes.plot([1, 2, 3], [1, 4, 9], label="squares")
axes.set_title("Square numbers")
axes.legend()
figure.savefig("plot.png")
print(open("plot.png", "rb").read(8))
