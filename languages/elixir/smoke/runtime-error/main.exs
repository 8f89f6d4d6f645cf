defmodule Main do
  def fail(n) do
    raise ArgumentError, "boom #{n}"
  end
end

Main.fail(3)
