def n = System.in.newReader().readLine() as int
println n * n
