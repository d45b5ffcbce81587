CREATE TABLE products (
    id serial PRIMARY KEY,
    name text NOT NULL UNIQUE,
    price_cents integer NOT NULL CHECK (price_cents >= 0),
    in_stock integer NOT NULL CHECK (in_stock >= 0)
);
CREATE TABLE orders (
    id serial PRIMARY KEY,
    product integer NOT NULL REFERENCES products,
    quantity integer NOT NULL CHECK (quantity > 0)
);
INSERT INTO products (name, price_cents, in_stock) VALUES ('tea', 450, 3), ('cup', 1200, 1);
