puts stderr err
puts out
